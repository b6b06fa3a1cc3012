"""Parts of documents that are generated from the code: replaced in place, or only compared."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

Parts = Mapping[str, Callable[[], str]]
"""Marker, such as `table: metrics` -> the text that belongs after it."""


def renewed(document: str, parts: Parts) -> str:
    """Return a document with its generated parts as they are now.

    A part stands between `<!-- table: metrics -->` and `<!-- end of table -->`.

    Raises:
        SystemExit: the document has no place for a part.
    """
    for marker, text in parts.items():
        begin = f"<!-- {marker} -->\n"
        end = f"<!-- end of {marker.partition(':')[0]} -->"
        before, found, rest = document.partition(begin)
        if not found:
            raise SystemExit(f"The document has no place for this part: {begin}")
        document = before + begin + text() + end + rest.partition(end)[2]
    return document


def update(path: Path, parts: Parts) -> None:
    """Update the parts of a file; with `--check` on the command line, only compare them.

    Raises:
        SystemExit: the file has no place for a part, or is out of date.
    """
    document = path.read_text("utf-8")
    now = renewed(document, parts)
    if "--check" not in sys.argv[1:]:
        path.write_text(now, "utf-8")
    elif now != document:
        raise SystemExit(f"docs/{path.name} is out of date: make docs")
