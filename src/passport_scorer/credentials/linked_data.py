"""The canonical form of a JSON-LD document: what Linked Data Proofs hash.

Source: JSON-LD 1.1 (expansion, RDF serialisation); URDNA2015 (RDF Dataset Canonicalization).
"""

from typing import Any

from passport_scorer.credentials.contexts import bundled_context
from passport_scorer.credentials.errors import ProfileViolated


def canonical_form(document: dict[str, Any], statements: int) -> bytes:
    """The sorted N-Quads of a document (UTF-8), with canonical names for its blank nodes.

    Contexts come from the bundle. `statements` is how many the document must make: fewer
    would mean that a part of it has no meaning, and isn't covered by a signature.

    The caller has checked the document (`check_profile`): its contexts are bundled ones, and
    it has few blank nodes, whose number time grows fast with.

    Raises:
        ProfileViolated: the contexts don't fit the document, or give a part of it no meaning.
    """
    # Only older stamps need it, and importing it takes a third of a second.
    from pyld import jsonld

    options = {"documentLoader": _load, "algorithm": "URDNA2015", "format": "application/n-quads"}
    try:
        canonical: str = jsonld.normalize(document, options)
    except jsonld.JsonLdError as error:
        raise ProfileViolated("The contexts don't fit the document.") from error
    if len({*canonical.split("\n")} - {""}) != statements:
        raise ProfileViolated("A part of the document has no meaning in its contexts.")
    return canonical.encode()


def _load(address: str, _options: object) -> dict[str, Any]:
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": address,
        "document": bundled_context(address),
    }
