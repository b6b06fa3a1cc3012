"""The command passport-scorer."""

from __future__ import annotations

import sys

import cyclopts

from passport_scorer.cli import database, demo
from passport_scorer.cli.query_check import check_queries
from passport_scorer.cli.serve import serve
from passport_scorer.cli.verify import verify
from passport_scorer.domain.errors import PassportScorerError

app = cyclopts.App(
    name="passport-scorer",
    help="Tells an application whether an Ethereum address belongs to a unique human.",
    version_flags=["--version"],
)
app.command(serve)
app.command(verify)
app.command(database.app)
database.app.command(check_queries)
app.command(demo.app)


def main() -> None:
    """Run the command; a failure that a person can mend is one line and an exit status."""
    try:
        sys.exit(app(exit_on_error=False, print_error=False))
    except cyclopts.CycloptsError as error:
        print(f"passport-scorer: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except PassportScorerError as error:
        print(f"passport-scorer: {error.message}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
