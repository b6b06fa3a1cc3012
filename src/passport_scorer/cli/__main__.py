"""The command passport-scorer."""

from __future__ import annotations

import sys

import cyclopts

from passport_scorer.domain.errors import PassportScorerError

app = cyclopts.App(
    name="passport-scorer",
    help="Tells an application whether an Ethereum address belongs to a unique human.",
    version_flags=["--version"],
)
# By name: each is imported when it is asked for, so that none waits for the others' libraries.
_COMMANDS = {
    "serve": ("serve:serve", "Run the service."),
    "verify": ("verify:verify", "Verify the signature of a stamp, and show how."),
    "db": ("database:app", "Make, inspect and open the database."),
    "demo": ("demo:app", "A small world to try the service in."),
}
for _name, (_place, _help) in _COMMANDS.items():
    app.command(f"passport_scorer.cli.{_place}", name=_name, help=_help)


def main() -> None:
    """Run the command; a failure that a person can mend is one line and an exit status."""
    try:
        sys.exit(app())
    except PassportScorerError as error:
        print(f"passport-scorer: {error.message}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
