"""passport-scorer shadow …: the same requests to two deployments, and what differs."""

from __future__ import annotations

from cyclopts import App

from passport_scorer.cli.shadow_proxy import proxy
from passport_scorer.cli.shadow_replay import replay
from passport_scorer.cli.shadow_rows import rows

app = App(
    name="shadow",
    help_format="markdown",
    help="""Compare two deployments before one takes over from the other.

    The *control* is the one that serves today and counts as right, the *candidate* the one in
    question. Differences that are expected are named rules; `docs/shadow.md` has the format.

    Exit status: 0 if nothing unexplained differs, 1 if something does or nothing was compared,
    2 if it couldn't begin, 130 if it was stopped and nothing had differed so far.
    """,
)

app.command(replay)
app.command(proxy)
app.command(rows)
