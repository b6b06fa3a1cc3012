"""The form that genuine stamps of the suite EthereumEip712Signature2021 have, read at once.

A document in this form has the members of `_Stamp` and no others, all of them texts and lists of
texts, and its signed types say exactly that. So verifiers can't differ in how they read or hash
it, apart from the spelling of its dates and of its signature.

Source: docs/rules/credentials.md, "The form of a stamp" and "Verified once".
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec

from passport_scorer.credentials.parsing import check_size, document_bytes
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.ethereum.eip712 import MAXIMUM_LENGTH, TypedDataPlan, typed_data_plan
from passport_scorer.ethereum.eip712_types import MAXIMUM_STRING

REMEMBERED_FORMS = 64  # of up to MAXIMUM_STRING bytes each: one megabyte at most
_DOMAIN = "EIP712Domain"

_Texts = Annotated[list[str], msgspec.Meta(max_length=MAXIMUM_LENGTH)]


class _Nullifiers(
    msgspec.Struct, forbid_unknown_fields=True, rename={"container": "@container", "type": "@type"}
):
    container: str
    type: str


class _Terms(msgspec.Struct, forbid_unknown_fields=True):
    provider: str
    nullifiers: _Nullifiers


class _Subject(msgspec.Struct, forbid_unknown_fields=True, rename={"context": "@context"}):
    context: _Terms
    id: str
    provider: str
    nullifiers: _Texts


class _Proof(msgspec.Struct, forbid_unknown_fields=True, rename={"context": "@context"}):
    context: str
    type: Literal["EthereumEip712Signature2021"]
    created: str
    proofPurpose: str  # noqa: N815  as in the document
    verificationMethod: str  # noqa: N815
    proofValue: str  # noqa: N815
    eip712Domain: msgspec.Raw  # noqa: N815


class _Stamp(msgspec.Struct, forbid_unknown_fields=True, rename={"context": "@context"}):
    context: _Texts
    type: _Texts
    issuer: str
    issuanceDate: str  # noqa: N815
    expirationDate: str  # noqa: N815
    credentialSubject: _Subject  # noqa: N815
    proof: _Proof


class _TypedData(msgspec.Struct, forbid_unknown_fields=True):
    domain: dict[Literal["name"], str]
    primaryType: str  # noqa: N815
    types: dict[str, Any]


_SIGNED = {
    "@context": "string[]",
    "type": "string[]",
    "issuer": "string",
    "issuanceDate": "string",
    "expirationDate": "string",
    "credentialSubject": {
        "@context": {
            "provider": "string",
            "nullifiers": {"@container": "string", "@type": "string"},
        },
        "id": "string",
        "provider": "string",
        "nullifiers": "string[]",
    },
    "proof": {
        "@context": "string",
        "type": "string",
        "created": "string",
        "proofPurpose": "string",
        "verificationMethod": "string",
    },
}

_decode_stamp = msgspec.json.Decoder(_Stamp).decode
_decode_typed_data = msgspec.json.Decoder(_TypedData).decode


def read_usual_form(document: bytes | str) -> dict[str, Any] | None:
    """Return a credential in the usual form, as decoded from JSON; None if it has another form.

    Its proof lacks `@context` and `eip712Domain`, and its subject `@context`: every claim that the
    service reads is covered, and every member has a type.

    Raises:
        DocumentUnreadable: the text is too long, or has too many objects, lists and values.
    """
    raw = document_bytes(document)
    check_size(raw)
    if len(raw) > MAXIMUM_STRING:  # so that no text in it is longer
        return None
    try:
        stamp = _decode_stamp(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    subject, proof = stamp.credentialSubject, stamp.proof
    if not _covers_the_form(bytes(proof.eip712Domain)):
        return None
    return {
        "@context": stamp.context,
        "type": stamp.type,
        "issuer": stamp.issuer,
        "issuanceDate": stamp.issuanceDate,
        "expirationDate": stamp.expirationDate,
        "credentialSubject": {
            "id": subject.id,
            "provider": subject.provider,
            "nullifiers": subject.nullifiers,
        },
        "proof": {
            "type": proof.type,
            "created": proof.created,
            "proofPurpose": proof.proofPurpose,
            "verificationMethod": proof.verificationMethod,
            "proofValue": proof.proofValue,
        },
    }


@lru_cache(maxsize=REMEMBERED_FORMS)
def _covers_the_form(typed_data: bytes) -> bool:
    """Return True for an `eip712Domain` (JSON) whose types are exactly those of the form."""
    try:
        read = _decode_typed_data(typed_data)
        plan = typed_data_plan(read.primaryType, read.types)
    except (msgspec.DecodeError, UnicodeDecodeError, VerificationFailed):
        return False
    domain = dict.fromkeys(read.domain, "string")
    return plan.fields[_DOMAIN] == domain and _is_typed(plan, plan.primary_type, _SIGNED)


def _is_typed(plan: TypedDataPlan, type_name: str, expected: object) -> bool:
    """Return True if a type is the expected one, or a struct of exactly the expected members."""
    if not isinstance(expected, dict):
        return type_name == expected
    fields = plan.fields.get(type_name, {})
    return fields.keys() == expected.keys() and all(
        _is_typed(plan, fields[member], expected[member]) for member in expected
    )
