"""The holder of a stamp can choose its EIP-712 types, but gains nothing by that."""

from collections.abc import Callable
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from passport_scorer.domain.credential import Credential
from passport_scorer.tools.demo.signing import signed_eip712

Verified = Callable[[object], Credential]
Refusal = Callable[[object], str]
Document = dict[str, Any]


def types(stamp: Document) -> dict[str, Any]:
    """The types of the stamp's proof."""
    found: dict[str, Any] = stamp["proof"]["eip712Domain"]["types"]
    return found


def retyped(stamp: Document, struct: str, field: str, type_name: str) -> Document:
    """The stamp with one field of another type."""
    for each in types(stamp)[struct]:
        if each["name"] == field:
            each.update(type=type_name)
    return stamp


@pytest.mark.parametrize(
    ("struct", "field", "type_name"),
    [
        ("CredentialSubject", "id", "bytes"),
        ("CredentialSubject", "provider", "bytes"),
        ("CredentialSubject", "provider", "bytes32"),
        ("CredentialSubject", "provider", "uint256"),
        ("CredentialSubject", "provider", "address"),
        ("CredentialSubject", "provider", "NullifiersContext"),
        ("CredentialSubject", "nullifiers", "bytes[]"),
        ("CredentialSubject", "nullifiers", "string[][]"),
        ("CredentialSubject", "nullifiers", "string[2]"),
        ("CredentialSubject", "nullifiers", "string"),
        ("Document", "issuer", "bytes"),
        ("Document", "issuanceDate", "bytes"),
        ("Document", "expirationDate", "uint256"),
        ("Document", "credentialSubject", "string"),
        ("Document", "credentialSubject", "CredentialSubject[]"),
        ("Document", "credentialSubject", "Proof"),
    ],
)
def test_a_claim_typed_as_something_else_isnt_covered(
    stamp: Document, refusal: Refusal, struct: str, field: str, type_name: str
) -> None:
    """Claims count only where the signature covers them as the text that is read."""
    assert refusal(retyped(stamp, struct, field, type_name)) == "claim_not_covered"


@pytest.mark.parametrize("claim", ["id", "provider", "nullifiers"])
def test_a_claim_that_the_types_omit_isnt_covered(
    stamp: Document, refusal: Refusal, claim: str
) -> None:
    """A claim that the subject's type doesn't list is refused."""
    subject = types(stamp)["CredentialSubject"]
    subject[:] = [field for field in subject if field["name"] != claim]
    assert refusal(stamp) == "claim_not_covered"


def test_an_added_claim_isnt_covered(stamp: Document, refusal: Refusal) -> None:
    """A hash that the issuer didn't sign is refused, also where a type is added for it."""
    stamp["credentialSubject"]["hash"] = "v0:forged"
    assert refusal(stamp) == "claim_not_covered"
    types(stamp)["CredentialSubject"].append({"name": "hash", "type": "string"})
    assert refusal(stamp) == "signature_mismatch"


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(extra=1),
        lambda d: d.update(id="urn:x"),
        lambda d: d["proof"].update(nonce="1"),
        lambda d: d["credentialSubject"].update(extra="x"),
        lambda d: d["proof"]["eip712Domain"]["domain"].update(version="1"),
        lambda d: d.update(type="VerifiableCredential"),
        lambda d: d["proof"]["eip712Domain"].pop("domain"),
    ],
)
def test_what_the_types_dont_name_is_refused(
    stamp: Document, refusal: Refusal, change: Callable[[Document], object]
) -> None:
    """A member at any depth, or of the domain, that has no type or another is refused."""
    change(stamp)
    assert refusal(stamp) == "message_unfit"


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(issuanceDate="2025-11-20T13:12:09+00:00"),
        lambda d: d["credentialSubject"].update(id="did:pkh:eip155:1:0x00"),
        lambda d: d["credentialSubject"].update(provider="Github"),
        lambda d: d["credentialSubject"]["nullifiers"].reverse(),
        lambda d: d["credentialSubject"].pop("nullifiers"),
        lambda d: d["credentialSubject"]["@context"].pop("provider"),
        lambda d: d["proof"]["eip712Domain"]["domain"].update(name="Other"),
        lambda d: d["proof"]["eip712Domain"]["types"]["CredentialSubject"].reverse(),
        lambda d: d["proof"].pop("@context"),
    ],
)
def test_what_was_signed_cant_be_changed(
    stamp: Document, refusal: Refusal, change: Callable[[Document], object]
) -> None:
    """Any change of the message, the types or the domain makes it another digest."""
    change(stamp)
    assert refusal(stamp) == "signature_mismatch"


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["proof"].update(eip712Domain=None),
        lambda d: d["proof"].update(eip712Domain="https://example.org/types"),
        lambda d: d["proof"].update(eip712=d["proof"]["eip712Domain"]),
        lambda d: d["proof"]["eip712Domain"].pop("types"),
        lambda d: d["proof"]["eip712Domain"].update(messageSchema={}),
    ],
)
def test_a_proof_has_its_types_once(
    stamp: Document, refusal: Refusal, change: Callable[[Document], object]
) -> None:
    """Types that are nothing, elsewhere, or there in both spellings are refused."""
    change(stamp)
    assert refusal(stamp) == "proof_malformed"


def test_the_types_have_two_spellings(stamp: Document, verified: Verified) -> None:
    """`eip712` for `eip712Domain` and `messageSchema` for `types` are the same."""
    typed_data = stamp["proof"].pop("eip712Domain")
    typed_data["messageSchema"] = typed_data.pop("types")
    stamp["proof"]["eip712"] = typed_data
    assert verified(stamp).provider == "Google"


@pytest.mark.parametrize("primary_type", ["EIP712Domain", "Missing", None, ["Document"]])
def test_the_primary_type_is_a_struct_of_the_message(
    stamp: Document, refusal: Refusal, primary_type: object
) -> None:
    """The message can't be typed as the domain, or as nothing."""
    stamp["proof"]["eip712Domain"]["primaryType"] = primary_type
    assert refusal(stamp) == "types_refused"


def test_the_primary_type_covers_the_document(stamp: Document, refusal: Refusal) -> None:
    """A primary type that leaves out claims is refused, whatever was signed."""
    stamp["proof"]["eip712Domain"]["primaryType"] = "CredentialSubject"
    assert refusal(stamp) == "claim_not_covered"


def test_two_fields_cant_be_signed_as_one(stamp: Document, refusal: Refusal) -> None:
    """A field whose name holds another field, with the same `encodeType`, is refused."""
    subject = types(stamp)["CredentialSubject"]
    assert [field["name"] for field in subject[2:]] == ["id", "provider"]
    subject[2:] = [{"name": "id,string provider", "type": "string"}]
    assert refusal(stamp) == "types_refused"


def test_an_atomic_type_cant_be_redefined(stamp: Document, refusal: Refusal) -> None:
    """A struct called `string` would make a claim an object, signed as text."""
    types(stamp)["string"] = [{"name": "x", "type": "uint256"}]
    assert refusal(stamp) == "types_refused"


def test_types_may_be_recursive_only_where_unused(stamp: Document, refusal: Refusal) -> None:
    """A type that refers to itself has no end, and is refused."""
    types(stamp)["NullifiersContext"].append({"name": "more", "type": "NullifiersContext"})
    assert refusal(stamp) == "types_refused"


def test_the_issuer_may_write_a_checksum(
    stamp: Document, private_key: bytes, verified: Verified, refusal: Refusal
) -> None:
    """An issuer in mixed case verifies with a right EIP-55 checksum, and only then."""
    address = stamp["issuer"].removeprefix("did:ethr:")
    for spelling, right in ((to_checksum_address(address), True), (address.upper(), False)):
        issuer = f"did:ethr:0x{spelling[2:]}"
        stamp["issuer"] = issuer
        stamp["proof"]["verificationMethod"] = f"{issuer}#controller"
        signed_eip712(private_key, stamp)
        if right:
            assert verified(stamp).issuer == issuer
        else:
            assert refusal(stamp) == "issuer_unresolvable"


def test_a_proof_without_types_was_signed_with_those_of_the_document(
    stamp: Document, refusal: Refusal
) -> None:
    """Types that are left out don't leave the signature good: it was made with others."""
    del stamp["proof"]["eip712Domain"]
    assert refusal(stamp) == "signature_mismatch"


def test_a_malformed_signature_is_refused(stamp: Document, refusal: Refusal) -> None:
    """A proof without a signature is refused."""
    del stamp["proof"]["proofValue"]
    assert refusal(stamp) == "signature_malformed"
