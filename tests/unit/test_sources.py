"""Each `Source:` in the code leads to a section of a document, or to a published standard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.documents import ROOT, headings

DATA = ROOT / "tests" / "conformance" / "data"
# A source is a section of a document in the repository, or one of these.
STANDARDS = re.compile(
    r"\b(EIP-\d+|RFC \d+|SEC 1|W3C|OpenTelemetry|OpenAPI|ASGI|PostgreSQL|JSON-LD|JSON-RPC"
    r"|Ethereum (EIP712 Signature|Yellow Paper)|Verifiable Credentials Data Model|AWS|Apache"
    r"|Linked Data Proofs|did:\w+ method)\b"
)
_SECTIONS = r'"[^"]+"(?:(?:, | and )"[^"]+")*'
_SOURCE = re.compile(r"(?<!class )(?<!\w)Source: [^\0]+|\bdocs/rules[\w/-]*\.md[^\0]*")


def problems(source: str) -> list[str]:
    """Say what is wrong with one source."""
    named = re.findall(rf"(docs/[\w/-]+\.md)(?:, ({_SECTIONS}))?", source)
    found = [] if named or STANDARDS.search(source) else [f"no document and no standard: {source}"]
    if re.search(r"\bspecification, `?\w+\.md", source):
        found.append(f"not in the repository: {source}")
    for document, sections in named:
        known = headings(ROOT / document) if (ROOT / document).exists() else []
        missing = set(re.findall(r'"([^"]+)"', sections)) - set(known)
        found += [f"no section {section!r} in {document}" for section in missing]
        if source.startswith("Source:") and not sections:
            found.append(f"no section named: {source}")
    return found


def sources(code: str) -> list[str]:
    """Return every source that comments and docstrings name, each in one line."""
    paragraphs = re.sub(r'\n\s*(?:#|--)?\s*\n|"""', "\0", code)
    joined = re.sub(r"\s*\n\s*(?:(?:#|--)\s)?\s*", " ", paragraphs)
    return [found.strip() for found in _SOURCE.findall(joined)]


def modules() -> list[Path]:
    """Return all modules and statements, except recorded data and this module."""
    found = [
        path
        for folder in ("src", "tests", "scripts", "benchmarks")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".sql")
    ]
    return [path for path in found if DATA not in path.parents and path != Path(__file__)]


def test_sources_exist() -> None:
    """Every source in the code is a section of a document of ours, or a published standard."""
    named = [
        (str(path.relative_to(ROOT)), source)
        for path in modules()
        for source in sources(path.read_text("utf-8"))
    ]
    assert len(named) > 90
    assert [f"{path}: {each}" for path, source in named for each in problems(source)] == []


@pytest.mark.parametrize(
    "code",
    [
        '"""Verify.\n\nSource: specification, scoring.md, 3.\n"""',
        '"""Verify.\n\nSource: docs/rules/scoring.md, "No such\n section".\n"""',
        '"""Verify.\n\nSource: docs/rules/nothing.md, "Score".\n"""',
        '"""Verify.\n\nSource: docs/rules/scoring.md.\n"""',
        '"""Verify. Source: hearsay."""',
        '# See docs/rules/scoring.md, "No such section".',
    ],
)
def test_wrong_sources_are_found(code: str) -> None:
    """A source that is missing, or names no section, is reported."""
    assert [each for source in sources(code) for each in problems(source)]


def test_right_sources_pass() -> None:
    """Sections over two lines, several sections, and standards are understood."""
    code = '''"""Verify.

    Source: RFC 8259; docs/rules/scoring.md, "The score
    object" and "Score"; docs/rules/http.md, "Errors".
    """
    # Source: EIP-191.
    '''
    assert [problems(source) for source in sources(code)] == [[], []]
