"""The documents of the repository, and how tests read them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)


@cache
def text(document: Path) -> str:
    """Return the text of a document."""
    return document.read_text("utf-8")


@cache
def headings(document: Path) -> list[str]:
    """Return the headings of a document, as they are written."""
    without_blocks = re.sub(r"^```.*?^```", "", text(document), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"^#+ (.+)$", without_blocks, re.MULTILINE)


def blocks(document: Path, languages: str) -> list[str]:
    """Return the fenced blocks of a document in these languages (`sh|console`)."""
    return re.findall(rf"^```(?:{languages})\n(.*?)^```", text(document), re.DOTALL | re.MULTILINE)
