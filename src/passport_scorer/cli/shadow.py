"""`passport-scorer shadow …`: compare two deployments with the same requests."""

from __future__ import annotations

from cyclopts import App

from passport_scorer.cli.shadow_proxy import proxy
from passport_scorer.cli.shadow_replay import replay
from passport_scorer.cli.shadow_rows import rows

app = App(
    name="shadow",
    help_format="markdown",
    help="""Compare two deployments before migrating from one to the other.

    The *control* is the deployment in production, whose behavior is the reference; the *candidate*
    is the deployment under test. Rules describe expected differences; their format is documented
    in `docs/shadow.md`. The report pages need `pip install 'passport-scorer[report]'`.

    Exit status: 0 if there is no unexplained difference, 1 if there is one or nothing was
    compared, 2 if the comparison could not start, 130 if it was stopped and no unexplained
    difference had been found.
    """,
)

app.command(replay)
app.command(proxy)
app.command(rows)
