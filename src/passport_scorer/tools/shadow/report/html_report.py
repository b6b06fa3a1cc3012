"""The report as a self-contained HTML page: no scripts, no fonts, no network."""

from __future__ import annotations

import msgspec

from passport_scorer.tools.shadow.report.formatting import duration, location, number, utc_time
from passport_scorer.tools.shadow.report.metadata import ReportMetadata
from passport_scorer.tools.shadow.report.view_model import report_view
from passport_scorer.tools.shadow.tally import Tally
from passport_scorer.tools.shadow.verdict import Verdict


def report_html(metadata: ReportMetadata, tally: Tally, verdict: Verdict) -> str:
    """Return the page with all values escaped; needs the extra `report`."""
    import jinja2  # optional, and slow to import

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {"duration": duration, "location": location, "number": number, "utc_time": utc_time}
    )
    template = environment.get_template("report.html.jinja")
    return template.render(msgspec.structs.asdict(report_view(metadata, tally, verdict)))
