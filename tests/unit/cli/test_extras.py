"""Commands that need an extra."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from passport_scorer.cli.shadow import app

TARGETS = ("--control", "http://127.0.0.1:9", "--candidate", "http://127.0.0.1:9")
COMMANDS = [("replay", "requests.jsonl", *TARGETS), ("proxy", *TARGETS), ("rows", *TARGETS)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_report_pages_need_the_extra(
    command: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without Jinja2 a comparison does not begin: one line says what to install."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    assert app(list(command), result_action="return_value") == 2
    assert capsys.readouterr().err == (
        "passport-scorer: This command needs more packages:"
        " pip install 'passport-scorer[report]'.\n"
    )
    assert not list(tmp_path.iterdir())
