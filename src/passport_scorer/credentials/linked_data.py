"""The canonical form of a JSON-LD document, which Linked Data Proofs hash.

Source: JSON-LD 1.1 (expansion, RDF serialization); URDNA2015 (RDF Dataset Canonicalization).
"""

import re
from typing import Any

from passport_scorer.credentials.contexts import bundled_context
from passport_scorer.credentials.errors import ProfileViolated

_ESCAPE = re.compile(r"\\.")


def canonical_form(document: dict[str, Any], statements: int) -> bytes:
    """Return the sorted N-Quads of a document (UTF-8), with canonical names of its blank nodes.

    Args:
        document: checked by `check_profile`: its contexts are bundled, and it has few blank
            nodes, with whose number the time grows fast.
        statements: the number of statements that the document must make. Fewer would mean that a
            part of it has no meaning, and no signature covers it.

    Raises:
        ProfileViolated: the contexts don't fit the document, or give a part of it no meaning.
    """
    # Imported here: only older stamps need it, and the import takes a third of a second.
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
    """Return the N-Quads with unescaped tabs: pyld escapes them, URDNA2015 does not.

    The names of blank nodes don't depend on this, except in a list with a tab in an element: such
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
