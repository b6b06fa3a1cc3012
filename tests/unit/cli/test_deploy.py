"""The command `passport-scorer deploy`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from passport_scorer.cli.deploy import app
from passport_scorer.extras import ExtraMissing
from passport_scorer.tools.aws.errors import TemplateFileProblem
from passport_scorer.tools.aws.routing import Choices, InvalidChoice
from passport_scorer.tools.aws.template.build import template_text

TEMPLATE = Path(__file__).parents[3] / "deploy" / "aws" / "lambda-arm64.yaml"


def run(*words: object) -> object:
    """Run the command and return its exit status, or what it raises."""
    with pytest.raises(SystemExit) as ended:
        app([str(word) for word in words], exit_on_error=False, print_error=False)
    return ended.value.code or 0


def test_template(capsys: pytest.CaptureFixture[str]) -> None:
    """The template is printed as it is made."""
    assert run("template", "--arch", "x86_64") == 0
    assert capsys.readouterr().out == template_text(Choices(architecture="x86_64"))


def test_template_in_a_file(tmp_path: Path) -> None:
    """The template goes into a file that then passes the check."""
    file = tmp_path / "scorer.yaml"
    assert run("template", "--name", "staging", "--routing-header", "X-New", "--output", file) == 0
    assert "staging-internal" in file.read_text()
    assert run("check", file) == 0


def test_a_file_that_can_not_be_written(tmp_path: Path) -> None:
    """A folder that isn't there is one line."""
    with pytest.raises(TemplateFileProblem, match="No such file"):
        app(["template", "--output", str(tmp_path / "none" / "a.yaml")], exit_on_error=False)


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    """The check reports that a template follows the rules."""
    assert run("check", TEMPLATE) == 0
    assert capsys.readouterr().out == "No violations in 8 listener rules.\n"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("Priority: 2091", "Priority: 2090", "shared_priority: HeaderRule"),
        ("Priority: 2090", "Priority: 2110", "rule_never_matches: HeaderRuleV2 (2110)"),
        ("!Ref 'InternalTargetGroup'", "!Ref 'PublicTargetGroup'", "shared_target_group: Public"),
        ("targetgroup/passport-scorer-internal/", "targetgroup/", "missing_invoke_permission: Int"),
        (
            "Name: passport-scorer-public",
            f"Name: {'n' * 33}",
            "name_too_long: The name of PublicTargetGroup",
        ),
        ("- /v2/*", "- /*", "internal_path_on_public_listener: HeaderRuleV2"),
    ],
)
def test_check_of_a_broken_template(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, expected: str
) -> None:
    """The check of a template changed by hand names the broken rule, and the status is 1."""
    text = TEMPLATE.read_text()
    assert before in text
    file = tmp_path / "broken.yaml"
    file.write_text(text.replace(before, after))
    assert run("check", file) == 1
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize("text", ["[1", "- 1\n", "a: !Nonsense [", "{}", "Resources: 1", "\x00"])
def test_check_of_something_else(tmp_path: Path, text: str) -> None:
    """A file that is not a template is refused in one line."""
    file = tmp_path / "other"
    file.write_text(text)
    with pytest.raises(TemplateFileProblem) as refused:
        app(["check", str(file)], exit_on_error=False)
    assert "\n" not in refused.value.message


def test_check_of_nothing(tmp_path: Path) -> None:
    """A file that isn't there is one line."""
    with pytest.raises(TemplateFileProblem, match="No such file"):
        app(["check", str(tmp_path / "none")], exit_on_error=False)


@pytest.mark.parametrize("module", ["cfn_flip", "troposphere"])
def test_without_the_extra(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra isn't installed, one line says how to."""
    monkeypatch.setitem(sys.modules, module, None)
    for name in [name for name in sys.modules if name.startswith("passport_scorer.tools.aws.te")]:
        monkeypatch.delitem(sys.modules, name)
    command = ["check", str(TEMPLATE)] if module == "cfn_flip" else ["template"]
    with pytest.raises(ExtraMissing, match=r"pip install 'passport-scorer\[deploy\]'"):
        app(command, exit_on_error=False)


def test_plan(capsys: pytest.CaptureFixture[str]) -> None:
    """A stage shows weights before and after, the command, and both ways back."""
    assert run("plan", "--stage", 25, "--stack", "mine", "--template", "t.yaml") == 0
    printed = capsys.readouterr().out
    assert printed.count("90 : 10 │ 75 : 25") == 4
    assert "If GateByHeader is on" in printed
    first, second = (printed.index(f"Roll back to {stage} percent") for stage in (0, 10))
    assert printed.index("StageV2=25 StageCeramicCache=25") < first
    assert printed.index("StageV2=0 Stage") < second
    assert "StageV2=10 StageCeramicCache=10" in printed
    assert "--stack-name mine" in printed


def test_plan_of_the_way_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Stage 0 is an immediate rollback from every stage, and has no rollback itself."""
    assert run("plan", "--stage", 0, "--current", 25, "--route", "V2") == 0
    printed = capsys.readouterr().out
    assert "75 : 25 │ 100 : 0" in printed
    assert "StageV2=0" in printed
    assert "Roll back" not in printed
    assert "GateByHeader" not in printed


@pytest.mark.parametrize("words", [["--stage", "7"], ["--stage", "5", "--route", "v3"]])
def test_plan_of_what_there_is_not(words: list[str]) -> None:
    """Unknown stages and routes are refused with those that there are."""
    with pytest.raises(InvalidChoice):
        app(["plan", *words], exit_on_error=False)
