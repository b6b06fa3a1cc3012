"""Check prose by the Vale rules in styles/: documents, docstrings, comments, and strings of src/.

    python scripts/prose.py [PATH …]

Without paths, all files are checked. Any finding fails. Lines of documents can have up to 100
characters, except tables, links, and blocks of output. Reads the parts of Vale's format
(https://vale.sh/docs) that our rules use: `existence` and `substitution` with `ignorecase`,
`nonword`, `exceptions` and `scope` (`text`, `heading`, `comment`), and
`reject.txt`. A space in a rule also matches a line break. Text from "vale off" to "vale on" is
skipped.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
STYLES = ROOT / "styles"
VOCABULARY = STYLES / "config" / "vocabularies" / "PassportScorer"
LONGEST_LINE = 100
FOLDERS = ("docs", ".github", "src", "tests", "scripts", "benchmarks", "deploy", "requirements")
SUFFIXES = {".md", ".py", ".sql"}
# Data, and third-party code.
EXCLUDED = re.compile(r"/(?:conformance/data|operations/docs_page|node_modules)/")

OFF = re.compile(r"vale off\b.*?(?:vale on\b|\Z)", re.DOTALL)
URL = re.compile(r"(?:https?|postgresql|redis)://\S+")
CODE_SPAN = re.compile(r"(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)", re.DOTALL)
# No sentence continues across these: cells, items of lists, headings, paragraphs.
MARKDOWN_BREAK = re.compile(r"\||^[ \t]*(?:[-*+]|\d+\.)\s|^#+ .*$|\n\s*\n", re.MULTILINE)
FENCE = re.compile(r"^([ \t]*)(```+|~~~+)(.*?)^\1\2", re.MULTILINE | re.DOTALL)
MADE_FROM_CODE = re.compile(r"<!-- table: .*?<!-- end of table -->", re.DOTALL)
MARKUP = re.compile(r"<!--.*?-->|\]\([^)]*\)|^\[[^]]+\]: .*$", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(
    r"(?P<comment>(?:^[ \t]*)?\#[^\n]*(?:\n[ \t]*\#[^\n]*)*)"
    r"|(?P<string>(?<!\w)[rbuf]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''"
    r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"(?:\s*\n\s*[rbuf]{0,2}(?:\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'))*)",
    re.MULTILINE | re.DOTALL | re.IGNORECASE,
)
SQL = re.compile(r"(?:^[ \t]*)?--[^\n]*(?:\n[ \t]*--[^\n]*)*", re.MULTILINE)
# Escapes and replacement fields of strings, and the quotes around them.
FIELD = re.compile(r"\\.|\{[^{}]*\}|%\(\w+\)s|%s")
QUOTE = re.compile(r"\b[rbuf]{1,2}[\"']|[\"']{3}|(?<!\w)[\"']|[\"'](?!\w)")


@dataclass(frozen=True)
class Segment:
    """Prose of one kind at an offset of a file; anything that is not prose is blanked."""

    scope: str
    offset: int
    text: str


@dataclass(frozen=True, order=True)
class Finding:
    """A violation of a rule."""

    path: str
    line: int
    column: int
    rule: str
    message: str


@dataclass(frozen=True)
class Rule:
    """A rule file of Vale.

    Attributes:
        name: the style and the file.
        scope: `text`, or the only kind of segments to check.
        lower: True if case is ignored.
        pattern: matches any of the tokens.
        message: `%s` stands for the replacement, if there is one, then for the match.
        replacements: the pattern of a token -> what to write instead; `$1` is its group.
        exceptions: matches to ignore, in lower case.
    """

    name: str
    scope: str
    lower: bool
    pattern: re.Pattern[str]
    message: str
    replacements: Mapping[re.Pattern[str], str] = field(default_factory=dict)
    exceptions: frozenset[str] = frozenset()

    def findings(self, segment: Segment) -> Iterator[tuple[int, str]]:
        """Yield the offset in the file and the message for each match in a segment."""
        if self.scope not in ("text", segment.scope):
            return
        # Much faster than re.IGNORECASE, which disables the quick check of the first character.
        text = segment.text.lower() if self.lower else segment.text
        for match in self.pattern.finditer(text):
            found = re.sub(r"[\s\0]+", " ", segment.text[match.start() : match.end()]).strip()
            if found.lower() not in self.exceptions:
                yield segment.offset + match.start(), self._describe(found, text, match.start())

    def _describe(self, found: str, text: str, start: int) -> str:
        tried = ((token.match(text, start), new) for token, new in self.replacements.items())
        better = [
            new.replace("$1", match[1] or "") if match.re.groups else new
            for match, new in tried
            if match
        ]
        said = self.message
        for part in (*better[:1], found):
            said = said.replace("%s", part, 1)
        return said


def rules() -> list[Rule]:
    """Read the style, and the words that the vocabulary rejects."""
    found = []
    for path in sorted(STYLES.glob("PassportScorer/*.yml")):
        fields = yaml.safe_load(path.read_text("utf-8"))
        swap: dict[str, str] = fields.get("swap", {})
        whole_words = not fields.get("nonword", False)
        found.append(
            Rule(
                name=f"PassportScorer.{path.stem}",
                scope=fields.get("scope", "text"),
                lower=fields.get("ignorecase", False),
                pattern=_pattern(swap or fields["tokens"], whole_words=whole_words),
                message=fields["message"],
                replacements={
                    _pattern([old], whole_words=whole_words): new for old, new in swap.items()
                },
                exceptions=frozenset(word.lower() for word in fields.get("exceptions", ())),
            )
        )
    rejected = (VOCABULARY / "reject.txt").read_text("utf-8").split("\n")[:-1]
    avoid = _pattern(rejected, whole_words=True)
    message = "Avoid using '%s'."
    found.append(Rule("Vale.Avoid", "text", lower=True, pattern=avoid, message=message))
    return found


def _pattern(tokens: Iterable[str], *, whole_words: bool) -> re.Pattern[str]:
    choices = "|".join(tokens).replace(" ", r"\s+")
    return re.compile(rf"\b(?:{choices})\b" if whole_words else f"(?:{choices})")


def segments(path: Path, text: str) -> Iterator[Segment]:
    """Yield the prose of a file."""
    text = OFF.sub(_blank, text)
    if path.suffix == ".md":
        yield from _of_markdown(text)
    elif path.suffix == ".sql":
        yield from (_comment(match, "--") for match in SQL.finditer(text))
    else:
        yield from _of_python(text, with_strings="src" in path.parts)


def _of_markdown(text: str) -> Iterator[Segment]:
    for pattern in (FENCE, MADE_FROM_CODE, CODE_SPAN, MARKUP, URL):
        text = pattern.sub(_blank, text)
    start = 0
    for match in MARKDOWN_BREAK.finditer(text):
        yield Segment("text", start, text[start : match.start()])
        if match[0].startswith("#"):
            yield Segment("heading", match.start() + 2, match[0][2:])
        start = match.end()
    yield Segment("text", start, text[start:])


def _of_python(text: str, *, with_strings: bool) -> Iterator[Segment]:
    for match in PYTHON.finditer(text):
        if match["comment"]:
            yield _comment(match, "#")
        elif _is_docstring(text, match):
            prose = match[0].lstrip("rR")[3:]
            yield Segment("comment", match.end() - len(prose), _prose(prose[:-3]))
        elif with_strings and " " in match[0]:
            yield Segment("string", match.start(), _prose(match[0]))


def _is_docstring(text: str, match: re.Match[str]) -> bool:
    """Return whether a string is a docstring: it starts a file, or follows a complete line."""
    before = text[max(0, match.start() - 200) : match.start()]
    return '"""' in match[0][:4] and bool(re.search(r"(?:\A|[:\w)\"\]]\s*\n)[ \t]*\Z", before))


def _comment(match: re.Match[str], marker: str) -> Segment:
    prose = match[0].lstrip()[len(marker) :].lstrip()
    lines = re.sub(rf"^[ \t]*{marker}", _spaces, prose, flags=re.MULTILINE)
    return Segment("comment", match.end() - len(prose), _prose(lines))


def _prose(text: str) -> str:
    for pattern in (CODE_SPAN, URL, FIELD):
        text = pattern.sub(_blank, text)
    return QUOTE.sub(_spaces, text)


def _blank(match: re.Match[str]) -> str:
    """Keep offsets and lines. A NUL is not a space, so no rule matches across it."""
    return re.sub(r"[^\n]", "\0", match[0])


def _spaces(match: re.Match[str]) -> str:
    return " " * len(match[0])


def long_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset of each line of a document that is too long and could be broken."""
    made = [match.span() for match in MADE_FROM_CODE.finditer(text)]
    made += [match.span() for match in FENCE.finditer(text) if match[3].strip("` ")[:2] != "sh"]
    start = 0
    for line in text.splitlines(keepends=True):
        wide = len(line.rstrip()) > LONGEST_LINE and " " in line[:LONGEST_LINE].strip()
        ends_in_link = re.search(r"\S*\]\(\S+$|https?://\S+$", line.rstrip()) is not None
        free = line.startswith("|") or ends_in_link or any(a <= start < b for a, b in made)
        if wide and not free:
            yield start + LONGEST_LINE, f"The line has {len(line.rstrip())} characters, not 100."
        start += len(line)


def findings(path: Path, style: Iterable[Rule]) -> Iterator[Finding]:
    """Yield the findings in a file."""
    text = path.read_text("utf-8")
    found = [
        (offset, rule.name, message)
        for segment in segments(path, text)
        for rule in style
        for offset, message in rule.findings(segment)
    ]
    if path.suffix == ".md":
        found += [(offset, "LineLength", message) for offset, message in long_lines(text)]
    if found:
        lines = [0, *(match.end() for match in re.finditer("\n", text))]
        name = (path.relative_to(ROOT) if path.is_relative_to(ROOT) else path).as_posix()
        for offset, rule, message in sorted(found):
            line = bisect_right(lines, offset)
            yield Finding(name, line, offset - lines[line - 1] + 1, rule, message)


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files to check of these files and folders."""
    for path in paths:
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.suffix in SUFFIXES and file.is_file() and not EXCLUDED.search(str(file)):
                yield file


def main(arguments: list[str]) -> int:
    """Check the paths, or everything; return 1 if there are findings."""
    named = [Path(each).resolve() for each in arguments]
    everything = [*sorted(ROOT.glob("*.md")), *(ROOT / folder for folder in FOLDERS)]
    style = rules()
    found = [each for file in files(named or everything) for each in findings(file, style)]
    for each in found:
        print(f"{each.path}:{each.line}:{each.column} {each.rule} {each.message}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
