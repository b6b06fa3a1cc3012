"""The command passport-scorer."""

from __future__ import annotations

import errno
import os
import signal
import sys

import cyclopts

from passport_scorer.aws_secret import take_secret
from passport_scorer.cli import database, demo, deploy, shadow
from passport_scorer.cli.configuration import config
from passport_scorer.cli.query_check import check_queries
from passport_scorer.cli.serve import serve
from passport_scorer.cli.verify import verify
from passport_scorer.db.embedded import Interruption
from passport_scorer.domain.errors import PassportScorerError

_HELP = frozenset({"--help", "-h", "--version"})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

app = cyclopts.App(
    name="passport-scorer",
    help="Tells an application whether an Ethereum address belongs to a unique human.",
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


def main() -> None:
    """Run the command; a failure that a person can mend is a line and an exit status."""
    try:
        try:
            _run()
        finally:
            if sys.stdout is not None:  # nobody closed it before
                sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has read enough, as `head` has
        _drop_output()
        sys.exit(1)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _drop_output()
        print("passport-scorer: There is no space left to write to.", file=sys.stderr)
        sys.exit(1)


def _drop_output() -> None:
    """Let what could not be written go, or the interpreter complains of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run() -> None:
    try:
        if not _HELP.intersection(sys.argv):
            take_secret()
        sys.exit(app(exit_on_error=False, print_error=False))
    except cyclopts.CycloptsError as error:
        print(f"passport-scorer: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except PassportScorerError as error:
        for line in error.message.splitlines():  # one for each malformed setting
            print(f"passport-scorer: {line}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt as interruption:
        number = interruption.number if isinstance(interruption, Interruption) else signal.SIGINT
        sys.exit(128 + number)


if __name__ == "__main__":
    main()
