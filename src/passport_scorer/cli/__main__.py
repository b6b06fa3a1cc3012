"""The command passport-scorer."""

from __future__ import annotations

import sys

import cyclopts

from passport_scorer.cli.errors import HELP, end_with
from passport_scorer.settings.aws_secret import take_secret
from passport_scorer.settings.environment import process_environment

_COMPLETION = "--install-completion"
_WITHOUT_SETTINGS = frozenset({"--help", "-h", "--version", _COMPLETION})

app = cyclopts.App(
    name="passport-scorer",
    help="Tells an application whether an Ethereum address belongs to a unique human.",
    help_epilogue=HELP,
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)
# By their paths: a command imports its own modules, not those of all others.
app.command("passport_scorer.cli.serve:serve", name="serve")
app.command("passport_scorer.cli.configuration:config", name="config")
app.command("passport_scorer.cli.verify:verify", name="verify")
app.command("passport_scorer.cli.database:app", name="db")
app.command("passport_scorer.cli.demo:app", name="demo")
app.command("passport_scorer.cli.shadow:app", name="shadow")
app.command("passport_scorer.cli.deploy:app", name="deploy")
app.register_install_completion_command(
    name=_COMPLETION, help="Install completion for the shell (bash, zsh, fish)."
)


def main() -> None:
    """Run the command line."""
    end_with(_run)


def _run() -> None:
    if not _WITHOUT_SETTINGS.intersection(sys.argv):
        take_secret(process_environment())
    if not sys.argv[1:] or sys.argv[1].startswith("-"):  # help and completion describe them all
        for name in app:
            app[name]
    app(exit_on_error=False, print_error=False)


if __name__ == "__main__":
    main()
