"""The command passport-scorer.

What it imports is imported late: `serve` is started often, and shows no help. The parser for the
other commands takes longer to import than PostgreSQL's driver.
"""

from __future__ import annotations

import gc
import sys

_WITHOUT_SETTINGS = frozenset({"--help", "-h", "--version", "--install-completion"})


def main() -> None:
    """Run the command line."""
    # Imports leave no garbage, and looking for it would take a tenth of their time.
    gc.disable()
    from passport_scorer.cli.errors import end_with

    end_with(_run)


def _run() -> None:
    from passport_scorer.settings.aws_secret import take_secret
    from passport_scorer.settings.environment import process_environment

    words = sys.argv[1:]
    if not _WITHOUT_SETTINGS.intersection(words):
        take_secret(process_environment())
    if words[:1] == ["serve"]:
        from passport_scorer.cli.plain_options import plain_options
        from passport_scorer.cli.serve import serve

        options = plain_options(serve, words[1:])
        if options is not None:
            _collect_again()
            serve(**options)
            return
    from passport_scorer.cli.commands import run

    _collect_again()
    run(words)


def _collect_again() -> None:
    gc.freeze()  # what is loaded stays loaded
    gc.enable()


if __name__ == "__main__":
    main()
