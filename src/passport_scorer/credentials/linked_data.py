"""The canonical form of a JSON-LD document: what Linked Data Proofs hash.

Source: JSON-LD 1.1 (expansion, RDF serialisation); URDNA2015 (RDF Dataset Canonicalization).
"""

import re
from typing import Any

from passport_scorer.credentials.contexts import bundled_context
from passport_scorer.credentials.errors import ProfileViolated

_ESCAPE = re.compile(r"\\.")


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
    return _without_escaped_tabs(canonical).encode()


def _without_escaped_tabs(canonical: str) -> str:
    """The N-Quads with tabs as they are: URDNA2015 escapes four characters, and pyld a fifth.

    Names of blank nodes don't depend on it, except those of a list with a tab in an element: such
    a stamp doesn't verify.
    """
    if r"\t" not in canonical:
        return canonical
    unescaped = _ESCAPE.sub(lambda found: "\t" if found[0] == r"\t" else found[0], canonical)
    return "\n".join(sorted(unescaped.removesuffix("\n").split("\n"))) + "\n"


def _load(address: str, _options: object) -> dict[str, Any]:
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": address,
        "document": bundled_context(address),
    }
