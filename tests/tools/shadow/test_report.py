"""The report as a page, in the terminal and as JSON."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser

import pytest
from rich.console import Console

from passport_scorer.tools.shadow.comparison.responses import ReceivedResponse
from passport_scorer.tools.shadow.comparison.rules import Accept, Rule, Rulebook
from passport_scorer.tools.shadow.exchanges import Failure, Request
from passport_scorer.tools.shadow.recorder import Recorder
from passport_scorer.tools.shadow.report.formatting import duration, share
from passport_scorer.tools.shadow.report.html_report import report_html
from passport_scorer.tools.shadow.report.json_report import report_json
from passport_scorer.tools.shadow.report.metadata import ReportMetadata
from passport_scorer.tools.shadow.report.terminal import summary
from passport_scorer.tools.shadow.rules import read_rulebook
from passport_scorer.tools.shadow.tally import Tally
from passport_scorer.tools.shadow.verdict import judge

METADATA = ReportMetadata(
    title="A <test>", control="http://old", candidate="http://new", source="a&b"
)
BOOK = read_rulebook([])
HOSTILE = "<img onerror=alert(1) src=x>\"'&"
VOID = {"meta", "line", "rect", "polyline", "link", "br"}


def a_tally(count: int = 40) -> Tally:
    """Return the tally of a comparison with several kinds of differences."""
    tally = Tally(began=1795489200.0, busy=2.0)
    recorder = Recorder(BOOK, tally)
    for number in range(count):
        body = {"score": "1.00000", "x": HOSTILE, "last_score_timestamp": "2026-11-24T03:00:00Z"}
        other = {**body, "score": "2.00000"} if number % 4 == 0 else body
        other = {**other, "x": "y", "last_score_timestamp": "2026-11-24T03:00:01Z"}
        recorder.exchange(
            Request("GET", f"/v2/stamps/1/score/{HOSTILE}", time=1795489200.0 + 60 * number),
            ReceivedResponse(200, (), json.dumps(body).encode(), 0.01),
            ReceivedResponse(200, (), json.dumps(other).encode(), 0.02),
        )
    tally.note("something <else>")
    return tally


class Checker(HTMLParser):
    """Checks that tags are balanced, and collects what the page contains."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.references: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.references += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_page_needs_nothing_else() -> None:
    """The page is well-formed and self-contained, and executes nothing."""
    tally = a_tally()
    page = report_html(METADATA, tally, judge(tally, BOOK))
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert set(checker.references) == {"#difference-1", "#difference-2"}
    assert all(f'id="{each[1:]}"' in page for each in checker.references)
    assert not checker.seen & {"script", "link", "img", "iframe", "object"}
    assert "url(" not in page
    assert "@import" not in page
    assert {"svg", "title", "table", "main", "h1", "h2"} <= checker.seen
    assert HOSTILE not in page


def test_hostile_values_are_shown_as_text() -> None:
    """Markup in any value of a report is text on the page, never an element or an attribute."""
    metadata = ReportMetadata(
        title=HOSTILE, control=HOSTILE, candidate=HOSTILE, source=HOSTILE, times=HOSTILE
    )
    rule = Rule(name="hostile", reason=HOSTILE, path="/y", accept=Accept.ANYTHING)
    book = BOOK.with_more(Rulebook(rule=(rule,)))
    tally = Tally(began=0.0)
    recorder = Recorder(book, tally)
    for candidate in ({"x": HOSTILE, "y": 1}, {HOSTILE: 1, "y": HOSTILE}):
        recorder.exchange(
            Request("GET", f"/{HOSTILE}?{HOSTILE}"),
            ReceivedResponse(404, ((HOSTILE, HOSTILE),), b"{}", 0.01),
            ReceivedResponse(404, (), json.dumps(candidate).encode(), 0.02),
        )
    recorder.exchange(Request("GET", "/x"), ReceivedResponse(404), Failure(HOSTILE))
    tally.note(HOSTILE)
    checker = Checker()
    checker.feed(report_html(metadata, tally, judge(tally, book)))
    assert checker.open == []
    assert not checker.seen & {"script", "link", "img", "iframe", "object"}
    assert checker.attributes <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "scope"),
        *("style", "data-name", "tabindex", "role", "aria-label", "aria-hidden", "viewbox"),
        *("preserveaspectratio", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "points"),
        "text-anchor",
    }
    assert sum(text.count(HOSTILE) for text in checker.texts) > 10


def test_the_page_says_what_matters() -> None:
    """The page shows what differs, how often, since when, and whether it is dangerous."""
    tally = a_tally()
    page = re.sub(r"[ \n]+", " ", report_html(METADATA, tally, judge(tally, BOOK)))
    for text in (
        "2 unexplained differences (1 dangerous) in 40 of 40 exchanges",
        "/score: different value",
        "<b>10</b> of 40 exchanges (25.0\N{NO-BREAK SPACE}%)",
        "since <b>2026-11-24 03:00:00 UTC</b>",
        "Partners compare the score with their own thresholds.",
        "score-computed-at",
        "rules never matched",
        "First difference",
        "At a glance",
        "<b>dangerous</b>: can change who passes",
        "of the requests, 2026-11-24 03:00:00 UTC to 2026-11-24 03:",
        "1 × something &lt;else&gt;",
    ):
        assert text in page


def test_a_report_without_differences() -> None:
    """Without differences, the page and the JSON say so."""
    tally = Tally(began=0.0)
    Recorder(BOOK, tally).exchange(
        Request("GET", "/health"),
        ReceivedResponse(200, (), b"{}"),
        ReceivedResponse(200, (), b"{}"),
    )
    verdict = judge(tally, BOOK)
    assert "No unexplained difference in 1 exchange." in report_html(METADATA, tally, verdict)
    report = json.loads(report_json(METADATA, tally, verdict))
    assert (report["same"], report["compared"], report["unexplained"]) == (True, 1, [])


def test_nothing_was_compared() -> None:
    """Without exchanges, the result is not a success."""
    tally = Tally(began=0.0)
    verdict = judge(tally, BOOK)
    assert not verdict.same
    assert "Nothing was compared." in report_html(METADATA, tally, verdict)


@pytest.mark.parametrize(
    ("statuses", "sentence"),
    [
        ((200, 200, 200), None),
        ((401, 200, 404), "at: GET /internal/embed/weights."),
        ((401, 401, 404), "of the control were errors (status 400 or above)."),
    ],
)
def test_errors_that_agree(statuses: tuple[int, int, int], sentence: str | None) -> None:
    """The report warns if the control responded only with errors."""
    tally = Tally(began=0.0)
    recorder = Recorder(BOOK, tally)
    paths = ("/health", "/health", "/internal/embed/weights")
    for path, status in zip(paths, statuses, strict=True):
        recorder.exchange(Request("GET", path), ReceivedResponse(status), ReceivedResponse(status))
    verdict = judge(tally, BOOK)
    assert verdict.same
    text = io.StringIO()
    Console(file=text, width=400).print(summary(METADATA, tally, verdict, whole=True))
    report = json.loads(report_json(METADATA, tally, verdict))
    assert len(report["cautions"]) == (1 if sentence else 0)
    for shown in (text.getvalue(), report_html(METADATA, tally, verdict), str(report["cautions"])):
        assert sentence in shown if sentence else "were errors" not in shown


def test_the_json() -> None:
    """The JSON contains all classes with their counts."""
    tally = a_tally()
    report = json.loads(report_json(METADATA, tally, judge(tally, BOOK)))
    assert [(c["pattern"], c["severity"], c["count"]) for c in report["unexplained"]] == [
        ("/score", "dangerous", 10),
        ("/x", "notable", 40),
    ]
    assert report["endpoints"]["GET /v2/stamps/{scorer_id}/score/{address}"]["different"] == 40
    assert report["first_difference"]["pointer"] == "/score"


def test_the_terminal() -> None:
    """The terminal report works at any width."""
    tally = a_tally()
    for width in (40, 140):
        text = io.StringIO()
        console = Console(file=text, width=width)
        console.print(summary(METADATA, tally, judge(tally, BOOK), whole=True))
        assert "dangerous" in text.getvalue()
        assert "Traceback" not in text.getvalue()


def test_numbers_in_words() -> None:
    """A share is 100 % only if it is everything, and durations have a suitable unit."""
    assert share(10, 10).startswith("100")
    assert share(999_999, 1_000_000).startswith("99.999")
    assert share(1, 10_000_000).startswith("0.001")
    assert (share(0, 5)[0], share(0, 0)) == ("0", "–")
    assert [duration(s) for s in (None, 0.0012, 0.5, 3.0, 624.2)] == [
        "–",
        "1.2 ms",
        "500 ms",
        "3.0 s",
        "10 min 24 s",
    ]
