"""The one form in which stamps of the suite Ed25519Signature2018 are accepted.

That suite doesn't sign the document but the RDF graph that its contexts make of it. The graph
has no names of members, only the IRIs that the contexts map them to. The holder of a stamp can
therefore rewrite it, contexts included, as long as the graph stays the same, and the signature
still verifies. For example:

- `provider` and `hash` are mapped to one IRI (`https://schema.org/Text`) in genuine stamps, so
  exchanging their values, or the two IRIs where they differ, gives the same graph;
- a graph is a set: `{provider: P, hash: P, other: H}` is the graph of `{provider: P, hash: H}`,
  and would exchange the nullifier `H`, which is claimed already, for a new nullifier `P`;
- without `@container: @list` the order and the repetitions of `nullifiers` aren't signed;
- a term can be mapped to null or to a keyword, or be nested, reversed, typed as an IRI, scoped.

So this profile leaves no choice. The members of the document and of the subject, and the terms in
the subject's context, are those of genuine stamps and no others; the contexts of the document are
bundled ones; terms are plain absolute IRIs, and only `nullifiers` is a list. Then the graph has
exactly one literal for each of `provider` and `hash`, and one list for `nullifiers`. The only
freedom left is which literal is the `provider` and which the `hash`. Their form decides: a hash
starts with its version (`v0.0.0:…`), a provider doesn't; so neither can repeat the other.
Also, no other credential of the same issuer can be rewritten into a stamp: it makes different
statements.

Text that becomes an IRI in the graph has no character that ends an IRI there, so that one IRI
can't pass for several statements.

The graph of such a document is a tree of two nodes and one list, so its canonical form takes
bounded time: only the nodes of the list look alike, so that all their orders must be tried, and
the list has up to `MAXIMUM_LIST` elements. Applying a context to the document takes about a
millisecond, so each bundled context can appear only once.

Source: JSON-LD 1.1; RDF Dataset Canonicalization, "Dataset Poisoning"; docs/rules/credentials.md,
"Ed25519 suite".
"""

import re
from typing import Any

from passport_scorer.credentials.contexts import BUNDLED
from passport_scorer.credentials.envelope import SecuredDocument
from passport_scorer.credentials.errors import ClaimNotCovered, ProfileViolated
from passport_scorer.ethereum.errors import shortened

MAXIMUM_LIST = 16  # nullifiers

_DOCUMENT_MEMBERS = frozenset(
    ("@context", "type", "issuer", "issuanceDate", "expirationDate", "credentialSubject")
)
_PROOF_MEMBERS = frozenset(("type", "created", "proofPurpose", "verificationMethod", "jws"))
_CLAIMS = ("provider", "hash", "nullifiers")
_SUBJECT_MEMBERS = frozenset(("@context", "id", *_CLAIMS))
_IRI = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+;=%-]{1,256}")
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]{1,256}")
_VERSIONED = re.compile(r"v[0-9]+(\.[0-9]+)*:")


def check_profile(secured: SecuredDocument) -> None:
    """Return only if the document and its proof have the form of stamps of this suite.

    The claims must have been read before (`read_claims`), so that their types are right.

    Raises:
        ProfileViolated: a member, a context or a value that stamps of this suite don't have.
        ClaimNotCovered: the signed graph wouldn't contain a claim, or not as this claim.
    """
    document = secured.envelope.document
    _check_members("The document", document, _DOCUMENT_MEMBERS)
    _check_members("The proof", secured.proof, _PROOF_MEMBERS)
    if document["type"] not in ("VerifiableCredential", ["VerifiableCredential"]):
        raise ProfileViolated("`type` has more than VerifiableCredential.")
    _check_contexts(document["@context"])
    _check_subject(document["credentialSubject"])


def _check_contexts(contexts: object) -> None:
    """Reject other contexts, and repetitions: each takes longer than a signature."""
    listed = contexts if isinstance(contexts, list) else [contexts]
    if len(listed) > len(BUNDLED):
        raise ProfileViolated(f"There are more than {len(BUNDLED)} contexts.")
    for number, address in enumerate(listed):
        if not isinstance(address, str) or address not in BUNDLED:
            raise ProfileViolated(f"{shortened(address)} is not a bundled context.")
        if address in listed[:number]:
            raise ProfileViolated(f"The context {shortened(address)} is repeated.")


def _check_members(owner: str, members: dict[str, Any], allowed: frozenset[str]) -> None:
    for name in members:
        if name not in allowed:
            raise ProfileViolated(f"{owner} has a member {shortened(name)}.")


def _check_subject(subject: dict[str, Any]) -> None:
    _check_members("The subject", subject, _SUBJECT_MEMBERS)
    if not _DID.fullmatch(subject["id"]):
        raise ProfileViolated("`credentialSubject.id` isn't a plain DID.")
    terms = _terms(subject.get("@context"))
    for claim in _CLAIMS:
        if claim in subject and claim not in terms:
            raise ClaimNotCovered(f"No context gives `{claim}` a meaning.")
    if len(subject.get("nullifiers", ())) > MAXIMUM_LIST:
        raise ProfileViolated(f"There are more than {MAXIMUM_LIST} nullifiers.")
    _check_roles(subject)


def _terms(context: object) -> set[str]:
    """Return the terms in the subject's own context (an object, or a list of one)."""
    definitions = context[0] if isinstance(context, list) and len(context) == 1 else context
    if not isinstance(definitions, dict):
        raise ProfileViolated("The subject's `@context` isn't one object.")
    for term, definition in definitions.items():
        if term not in _CLAIMS or not _is_plain(term, definition):
            raise ProfileViolated(f"The subject's context defines {shortened(term)} otherwise.")
    return set(definitions)


def _is_plain(term: str, definition: object) -> bool:
    """Return True for an IRI; for `nullifiers`, for a list of values under an IRI."""
    if term == "nullifiers":
        if not isinstance(definition, dict) or definition.keys() != {"@id", "@container"}:
            return False
        if definition["@container"] != "@list":
            return False
        definition = definition["@id"]
    return isinstance(definition, str) and _IRI.fullmatch(definition) is not None


def _check_roles(subject: dict[str, Any]) -> None:
    """Reject a provider or hash that could be the other one, renamed."""
    if "hash" in subject and not _VERSIONED.match(subject["hash"]):
        raise ClaimNotCovered("`hash` doesn't start with a version, as hashes do.")
    if "provider" in subject and _VERSIONED.match(subject["provider"]):
        raise ClaimNotCovered("`provider` starts with a version, as hashes do.")
