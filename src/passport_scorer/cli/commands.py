"""The commands of passport-scorer, and the parser for their options."""

from __future__ import annotations

from collections.abc import Sequence

import cyclopts

from passport_scorer.cli.errors import HELP
from passport_scorer.domain.errors import PassportScorerError

COMPLETION = "--install-completion"


class WrongUsage(PassportScorerError):
    """A command line that no command understands."""

    code = "wrong_usage"


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
    name=COMPLETION, help="Install completion for the shell (bash, zsh, fish)."
)


def run(words: Sequence[str]) -> None:
    """Run the command that these words name.

    Raises:
        WrongUsage: no command understands them.
    """
    if not words or words[0].startswith("-"):  # help and completion describe them all
        for name in app:
            app[name]
    try:
        app(words, exit_on_error=False, print_error=False)
    except cyclopts.CycloptsError as error:
        raise WrongUsage(str(error)) from error
