"""The command passport-scorer."""

from __future__ import annotations

import sys

import cyclopts

from passport_scorer.cli import database, demo, deploy, shadow
from passport_scorer.cli.configuration import config
from passport_scorer.cli.errors import HELP, end_with
from passport_scorer.cli.query_check import check_queries
from passport_scorer.cli.serve import serve
from passport_scorer.cli.verify import verify
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
app.command(serve)
app.command(config)
app.command(verify)
app.command(database.app)
database.app.command(check_queries)
app.command(demo.app)
app.command(shadow.app)
app.command(deploy.app)
app.register_install_completion_command(
    name=_COMPLETION, help="Install completion for the shell (bash, zsh, fish)."
)


def main() -> None:
    """Run the command line."""
    end_with(_run)


def _run() -> None:
    if not _WITHOUT_SETTINGS.intersection(sys.argv):
        take_secret(process_environment())
    app(exit_on_error=False, print_error=False)


if __name__ == "__main__":
    main()
