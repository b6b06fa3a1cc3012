"""The prose check finds each kind of pattern, in every kind of file, where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from scripts import prose

STYLE = prose.rules()
# A sentence -> the rule that it breaks.
PLANTED = {
    "The client waits, and so does whoever sent the request.": "Actors",
    "The spelling follows British behaviour.": "American",
    "The batch takes requests from the crowd.": "FieldTerms",
    "The row hasn't the column.": "Have",
    "The address is none.": "Predicates",
    "The body is no JSON.": "Predicates",
    "It varies. What a caller sees depends on it.": "Sentences",
    "The pool opens five connections at most.": "Sentences",
    "This happens oftener than that.": "Substitutions",
    "Clients get the bytes as they come from the control.": "Translated",
    "Obviously, this holds.": "Avoid",
}
CLEAN = """There is no limit on addresses, and there is none on stamps.
What is a stamp? A signed credential."""


def check(folder: Path, name: str, text: str) -> list[prose.Finding]:
    """Return the findings in a file with this text."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return list(prose.findings(path, STYLE))


def placed(sentence: str) -> dict[str, str]:
    """Return files that hold the sentence, by name, in each kind of place."""
    first, _, rest = sentence.rpartition(" ")
    return {
        "document.md": f"# Title\n\n- {first}\n  {rest}\n",
        "table.md": f"| a | b |\n|---|---|\n| {sentence} | `code` |\n",
        "module.py": f'"""{sentence}"""\n',
        "function.py": f'def f() -> None:\n    """{first}\n    {rest}\n    """\n',
        "comment.py": f"x = 1\n# {first}\n# {rest}\ny = 2\n",
        "src/message.py": f'x = ("{first} "\n    f"{rest}")\n',
        "statement.sql": f"SELECT 1\n-- {first}\n-- {rest}\n",
    }


@pytest.mark.parametrize(("sentence", "rule"), PLANTED.items())
def test_a_pattern_is_found_in_every_kind_of_place(
    sentence: str, rule: str, tmp_path: Path
) -> None:
    """A sentence that breaks a rule is found in documents, code and statements."""
    for name, text in placed(sentence).items():
        found = {finding.rule.partition(".")[2] for finding in check(tmp_path, name, text)}
        assert found == {rule}, name


def test_docstrings_and_comments_have_a_rule_of_their_own(tmp_path: Path) -> None:
    """A docstring or a comment starts with a verb or the thing; a document need not."""
    text = '"""Whether\nit rains."""\n\n# How rain falls.\n'
    found = [(each.line, each.rule) for each in check(tmp_path, "a.py", text)]
    assert found == [(1, "PassportScorer.Comments"), (4, "PassportScorer.Comments")]
    assert check(tmp_path, "a.md", "Whether it rains.\n") == []


def test_every_rule_has_an_example() -> None:
    """No rule file is without a planted sentence."""
    found = {rule.name.partition(".")[2] for rule in STYLE}
    assert found == {*PLANTED.values(), "Comments"}


@pytest.mark.parametrize("name", placed(""))
def test_plain_sentences_pass(name: str, tmp_path: Path) -> None:
    """Idiomatic text has no findings."""
    assert check(tmp_path, name, placed(CLEAN.replace("\n", " "))[name]) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "```\nwhoever\n```\n"),
        ("a.md", "Write `whoever` or [a link](whoever.md).\n"),
        ("a.md", "<!-- vale off -->\nwhoever\n<!-- vale on -->\nx\n"),
        ("a.md", "<!-- table: x -->\n| whoever |\n<!-- end of table -->\n"),
        ("a.md", "Text.\n\n```sh\nwhoever\n```\nText.\n\n```\nwhoever\n```\n"),
        ("a.py", "x = 'whoever waits'\n"),
        ("src/a.py", "whoever = nobody + 1\n"),
        ("src/a.py", 'x = f"{whoever} waits"\n'),
        ("a.sql", "SELECT whoever FROM nobody\n"),
        ("a.md", "The cell ends: is | none\n\nParagraphs end with is\n\nnone\n"),
    ],
)
def test_code_is_not_prose(name: str, text: str, tmp_path: Path) -> None:
    """Code, link targets, tables made from code and marked text are skipped."""
    assert check(tmp_path, name, text) == []


def test_prose_between_blocks_is_checked(tmp_path: Path) -> None:
    """A block of code ends at its own fence, not at the next one's."""
    text = "One.\n\n```sh\nwhoever\n```\n\nWhoever waits.\n\n```\nwhoever\n```\n"
    assert [finding.line for finding in check(tmp_path, "a.md", text)] == [7]


def test_a_finding_says_where_and_what_instead(tmp_path: Path) -> None:
    """Line, column and the replacement, with what the pattern captured, are reported."""
    (finding,) = check(tmp_path, "a.md", "First line.\nThe grey box has no colours here.\n")[1:]
    assert (finding.line, finding.column) == (2, 21)
    assert finding.message == "American spelling: 'colors' instead of 'colours'."


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("word " * 30, 1),
        ("word " * 19 + "ended", 0),
        ("word " * 19 + "ended.", 1),
        ("| " + "word " * 30 + "|", 0),
        ("x" * 120, 0),
        ("word " * 18 + "[a link](" + "x" * 40 + ")", 0),
        ("```json\n" + "word " * 30 + "\n```", 0),
        ("```sh\n" + "word " * 30 + "\n```", 1),
    ],
)
def test_lines_of_documents_are_short(text: str, findings: int, tmp_path: Path) -> None:
    """Lines that could be broken have at most 100 characters."""
    assert len(check(tmp_path, "a.md", text + "\n")) == findings


def test_rules_can_be_read_by_vale() -> None:
    """Each file has the keys that Vale requires, and patterns in lower case where case is ignored.

    The check lowers the text instead of ignoring case.
    """
    for path in prose.STYLES.glob("PassportScorer/*.yml"):
        fields = yaml.safe_load(path.read_text("utf-8"))
        assert fields["extends"] in {"existence", "substitution"}
        assert {"message", "level"} <= fields.keys()
        patterns = list(fields.get("tokens") or fields["swap"])
        assert patterns
        if fields.get("ignorecase"):
            assert [each for each in patterns if each != each.lower()] == []


def test_any_finding_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The check fails with one finding in a named file, or in any file if none is named."""
    document = tmp_path / "a.md"
    document.write_text("Whoever waits.\n", "utf-8")
    monkeypatch.setattr(prose, "FOLDERS", (str(tmp_path),))
    monkeypatch.setattr(prose, "ROOT", tmp_path)
    for paths in ([str(document)], []):
        assert prose.main(paths) == 1
        assert "a.md:1:1 PassportScorer.Actors" in capsys.readouterr().out
    document.write_text("The client waits.\n", "utf-8")
    for paths in ([str(document)], []):
        assert prose.main(paths) == 0
