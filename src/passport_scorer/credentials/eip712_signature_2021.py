"""The suite EthereumEip712Signature2021: all stamps that are issued today.

Source: Ethereum EIP712 Signature 2021; EIP-712; docs/rules/credentials.md, "EIP-712 suite".
"""

from collections.abc import Mapping
from typing import Any

from passport_scorer.credentials.envelope import SecuredDocument
from passport_scorer.credentials.errors import ClaimNotCovered, ProofMalformed
from passport_scorer.ethereum.did import ethereum_address
from passport_scorer.ethereum.eip712 import TypedDataPlan, typed_data_plan
from passport_scorer.ethereum.eip712_generated_types import PRIMARY_TYPE, generated_types
from passport_scorer.ethereum.errors import SignatureMismatch
from passport_scorer.ethereum.secp256k1 import recoverable_signature, recovered_address

TYPE = "EthereumEip712Signature2021"

_DOMAIN_MEMBERS = frozenset(("eip712Domain", "eip712"))
_TYPES_MEMBERS = frozenset(("types", "messageSchema"))
_UNSIGNED = frozenset(("proofValue", *_DOMAIN_MEMBERS))
_DOCUMENT_CLAIMS = {"issuer": "string", "issuanceDate": "string", "expirationDate": "string"}
_SUBJECT_CLAIMS = {
    "id": "string",
    "provider": "string",
    "hash": "string",
    "nullifiers": "string[]",
}


def verification_method(issuer: str) -> str:
    """Return the only verification method of a did:ethr: that of its controller."""
    return f"{issuer}#controller"


def signed_bytes(secured: SecuredDocument) -> bytes:
    """Return the digest (32 bytes) that the issuer must have signed; it covers every claim.

    A proof without `eip712Domain` was signed with types generated from its document, and with an
    empty domain.

    Raises:
        ProofMalformed: the proof's types or their domain are not an object, or are there twice.
        TypesRefused: see `typed_data_plan` and `generated_types`.
        ClaimNotCovered: the types give a claim that the service reads a different type.
        MessageUnfit: the credential has a member that the types lack, or of a different type.
    """
    message = _message(secured)
    plan, domain = _typed_data(secured.proof, message)
    _check_coverage(plan, message)
    return plan.digest(domain, message)


def check_signature(secured: SecuredDocument, digest: bytes) -> None:
    """Return only if the issuer signed the digest.

    Raises:
        IssuerUnresolvable, SignatureMalformed: see their docstrings.
        SignatureMismatch: a different key signed it, or a different document.
    """
    address = ethereum_address(secured.envelope.issuer)
    if recovered_address(digest, secured.proof.get("proofValue")) != address:
        raise SignatureMismatch("The signature isn't the issuer's over this document.")


def check_form(secured: SecuredDocument) -> None:
    """Return only if the signature can be the issuer's, going by the form of the two.

    Raises:
        IssuerUnresolvable, SignatureMalformed: as `check_signature` does.
    """
    ethereum_address(secured.envelope.issuer)
    recoverable_signature(secured.proof.get("proofValue"))


def _typed_data(proof: dict[str, Any], message: dict[str, Any]) -> tuple[TypedDataPlan, object]:
    """Return the types of a message and their domain: from its proof, or generated."""
    if _DOMAIN_MEMBERS.isdisjoint(proof):
        return typed_data_plan(PRIMARY_TYPE, generated_types(message)), {}
    typed_data = _one_of(proof, _DOMAIN_MEMBERS)
    if not isinstance(typed_data, dict):
        raise ProofMalformed("`eip712Domain` isn't an object.")
    plan = typed_data_plan(typed_data.get("primaryType"), _one_of(typed_data, _TYPES_MEMBERS))
    return plan, typed_data.get("domain")


def _one_of(container: dict[str, Any], spellings: frozenset[str]) -> object:
    found = [container[spelling] for spelling in spellings if spelling in container]
    if len(found) != 1:
        raise ProofMalformed(
            f"The proof doesn't have exactly one of {', '.join(sorted(spellings))}."
        )
    return found[0]


def _message(secured: SecuredDocument) -> dict[str, Any]:
    envelope = secured.envelope
    proof = {name: value for name, value in secured.proof.items() if name not in _UNSIGNED}
    proof["created"] = secured.created.hashed_in_utc
    return {
        **envelope.document,
        "issuanceDate": envelope.issuance_date.hashed,
        "expirationDate": envelope.expiration_date.hashed,
        "proof": proof,
    }


def _check_coverage(plan: TypedDataPlan, message: dict[str, Any]) -> None:
    """Reject types that cover a claim, but with a different type.

    The plan makes sure that every member is covered: it rejects members without a type. But
    as `bytes`, `"0xab"` and `"0xAB"` are the same value; only as `string` (the nullifiers as
    `string[]`) is the text that the service reads the text that was signed.
    """
    document = plan.fields[plan.primary_type]
    _check_types(document, _DOCUMENT_CLAIMS, _DOCUMENT_CLAIMS)
    subject = plan.fields.get(document.get("credentialSubject", ""), {})
    _check_types(subject, _SUBJECT_CLAIMS, message["credentialSubject"])


def _check_types(
    types: Mapping[str, str], expected: Mapping[str, str], present: Mapping[str, object]
) -> None:
    for member, type_name in expected.items():
        if member in present and types.get(member) != type_name:
            raise ClaimNotCovered(f"The signed types don't cover `{member}` as a {type_name}.")
