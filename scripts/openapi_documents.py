"""Renew the OpenAPI documents in docs/openapi that are made from the code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from passport_scorer.api.applications import internal_document, public_document

FOLDER = Path(__file__).parents[1] / "docs" / "openapi"
DOCUMENTS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "public.json": public_document,
    "internal.json": internal_document,
}


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return a document as indented JSON, as it is committed."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def main() -> None:
    """Write all documents."""
    for name, document in DOCUMENTS.items():
        (FOLDER / name).write_bytes(encoded(document()))


if __name__ == "__main__":
    main()
