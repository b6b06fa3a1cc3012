"""The report as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

import msgspec

from passport_scorer.tools.shadow.report.formatting import duration, moment, number, place
from passport_scorer.tools.shadow.report.metadata import About
from passport_scorer.tools.shadow.report.view_model import report_view
from passport_scorer.tools.shadow.tally import Tally
from passport_scorer.tools.shadow.verdict import Verdict


def report_html(about: About, tally: Tally, verdict: Verdict) -> str:
    """Return the whole page; every value in it is escaped. Needs the extra `report`."""
    import jinja2  # an extra, and slow to import

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"duration": duration, "moment": moment, "number": number, "place": place}
    environment.filters.update(filters)
    template = environment.get_template("report.html.jinja")
    return template.render(msgspec.structs.asdict(report_view(about, tally, verdict)))
