"""`--help` explains every parameter of every command, and has an example."""

from __future__ import annotations

from collections.abc import Iterator

import cyclopts
import pytest

from passport_scorer.cli.commands import app


def commands(program: cyclopts.App, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of each command that can be run."""
    for name in program:
        if not name.startswith("-"):
            command = program[name]
            if command.default_command is not None:
                yield (*path, name)
            yield from commands(command, (*path, name))


COMMANDS = sorted(commands(app))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_a_command_explains_itself(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """The docstring reaches the help whole: its example, and each parameter's description."""
    with pytest.raises(SystemExit):
        app([*path, "--help"], exit_on_error=False)
    assert f"passport-scorer {' '.join(path)}" in capsys.readouterr().out.partition("\n\n")[2]
    _, apps, _ = app.parse_commands(list(path))
    for argument in apps[-1].assemble_argument_collection(parse_docstring=True):
        # A struct of options has no help of its own: its members have.
        assert argument.children or argument.parameter.help, argument.name


def test_there_are_commands() -> None:
    """The commands are found."""
    assert {("serve",), ("db", "init"), ("demo", "run"), ("shadow", "replay")} <= set(COMMANDS)
