"""The report as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib import resources

from passport_scorer.reporting.charts import latency_chart, timeline_chart
from passport_scorer.tools.shadow.comparison.differences import Kind
from passport_scorer.tools.shadow.report.formatting import (
    MEANINGS,
    SEVERITIES,
    cautions,
    duration,
    headline,
    kind,
    moment,
    number,
    place,
    share,
)
from passport_scorer.tools.shadow.report.metadata import About
from passport_scorer.tools.shadow.tally import DifferenceClass, EndpointTally, Example, Tally
from passport_scorer.tools.shadow.verdict import Verdict

_MOST_CHARTS = 12
_LONGEST_GLANCE = 40


def report_html(about: About, tally: Tally, verdict: Verdict) -> str:
    """Return the whole page."""
    css = (resources.files(__package__) / "page.css").read_text("utf-8")
    sections = [
        _verdict(about, tally, verdict),
        _overview(about, tally, verdict),
        _first(tally),
        _unexplained(about, tally, verdict),
        _endpoints(about, tally),
        _latencies(tally),
        _rules(verdict),
        _notes(tally),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
        " style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(about.title)}</title><style>{css}</style></head>"
        f"<body><main><h1>{escape(about.title)}</h1>\n{chr(10).join(filter(None, sections))}\n"
        "</main></body></html>\n"
    )


def _verdict(about: About, tally: Tally, verdict: Verdict) -> str:
    rate = f", {number(round(tally.compared / tally.busy))} a second" if tally.busy >= 1 else ""
    facts = {
        "Control": f'<code class="control-ink">{escape(about.control)}</code>, counts as right',
        "Candidate": f'<code class="candidate-ink">{escape(about.candidate)}</code>, in question',
        "Requests from": escape(about.source),
        "Compared": f"{number(verdict.compared)} {about.unit} in {duration(tally.busy)}{rate}",
        "Begun": moment(tally.began),
        "Times below": f"{about.times}{_period(tally)}",
        "State": "" if about.complete else "<b>Stopped before the end.</b>",
    }
    listed = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts.items() if text)
    state = "verdict same" if verdict.same else "verdict"
    warned = "".join(f'<p class="caution">{escape(each)}</p>' for each in cautions(tally))
    return (
        f'<div class="{state}"><strong>{escape(headline(verdict, about))}</strong></div>{warned}'
        f'<dl class="facts">{listed}</dl>'
    )


def _period(tally: Tally) -> str:
    """From when to when the requests were."""
    traffic = tally.traffic
    return f", {moment(traffic.start)} to {moment(traffic.end)}" if traffic.start else ""


def _overview(about: About, tally: Tally, verdict: Verdict) -> str:
    """A line for each class, so that it can be seen at a glance what there is."""
    if not verdict.unexplained:
        return ""
    timed = any(each.first is not None for each in verdict.unexplained)
    names = ["what", about.unit, *(["since"] if timed else []), "for example"]
    rows = "".join(
        _overview_row(position, each, tally, names, timed=timed)
        for position, each in enumerate(verdict.unexplained, 1)
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    seen = sorted({each.severity for each in verdict.unexplained}, reverse=True)
    legend = "; ".join(f"<b>{SEVERITIES[each]}</b>: {MEANINGS[each]}" for each in seen)
    return (
        f'<h2>At a glance</h2><p class="small quiet">{legend}.</p>'
        '<div class="scroll" tabindex="0" role="region" aria-label="At a glance">'
        f'<table class="stack"><thead><tr><th scope="col">where</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _overview_row(
    position: int, found: DifferenceClass, tally: Tally, names: Iterable[str], *, timed: bool
) -> str:
    whole = _whole(found, tally)
    example = "–"
    if found.examples and found.kind not in {Kind.ORDER, Kind.KEY_ORDER}:
        control, candidate = found.examples[0].control, found.examples[0].candidate
        example = (
            f'<span class="control-ink">{escape(_short(control))}</span> → '
            f'<span class="candidate-ink">{escape(_short(candidate))}</span>'
        )
    cells = [
        f"{escape(place(found))}: {kind(found)}",
        f"<span><b>{number(found.exchanges)}</b> of {number(whole)}"
        f" ({share(found.exchanges, whole)})</span>",
        *([moment(found.first)] if timed else []),
        f'<span class="value">{example}</span>',
    ]
    listed = "".join(
        f'<td data-name="{name}">{cell}</td>' for name, cell in zip(names, cells, strict=True)
    )
    severity = SEVERITIES[found.severity]
    return (
        f'<tr><th scope="row"><a href="#difference-{position}"><span class="badge {severity}">'
        f"{severity}</span><code>{escape(found.endpoint)}</code></a></th>{listed}</tr>"
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_GLANCE else f"{text[: _LONGEST_GLANCE - 1]}…"


def _whole(found: DifferenceClass, tally: Tally) -> int:
    """How many were compared where a difference was found."""
    compared = tally.endpoints.get(found.endpoint)
    return compared.compared if compared else tally.compared


def _first(tally: Tally) -> str:
    example = tally.first_difference
    if example is None or tally.first_class not in tally.classes:
        return ""
    found = tally.classes[tally.first_class]
    return (
        f'<h2>The first difference</h2><div class="card {SEVERITIES[found.severity]}">'
        f"<h3>{escape(place(found))}: {kind(found)}</h3>{_example(example)}</div>"
    )


def _unexplained(about: About, tally: Tally, verdict: Verdict) -> str:
    if not verdict.unexplained:
        return ""
    cards = "".join(
        _card(position, about, tally, each) for position, each in enumerate(verdict.unexplained, 1)
    )
    return f"<h2>What differs, the most dangerous first</h2>{cards}"


def _card(position: int, about: About, tally: Tally, found: DifferenceClass) -> str:
    severity = SEVERITIES[found.severity]
    whole = _whole(found, tally)
    counts = [
        f"<b>{number(found.exchanges)}</b> of {number(whole)} {about.unit} here"
        f" ({share(found.exchanges, whole)})"
    ]
    if found.count != found.exchanges:
        counts.append(f"<b>{number(found.count)}</b> places in them")
    if found.first is not None and moment(found.first) == moment(found.last):
        counts.append(f"at <b>{moment(found.first)}</b>")
    elif found.first is not None:
        counts.append(f"since <b>{moment(found.first)}</b>")
        counts.append(f"last <b>{moment(found.last)}</b>")
    return (
        f'<article class="card {severity}" id="difference-{position}">'
        f'<h3><span class="badge {severity}">{severity}</span>'
        f"{escape(place(found))}: {kind(found)}</h3><p><code>{escape(found.endpoint)}</code></p>"
        f"<p>{escape(found.danger)}</p>"
        f'<div class="meta small">{"".join(f"<span>{each}</span>" for each in counts)}</div>'
        f"{timeline_chart(found.timeline, tally.traffic)}{_examples(found.examples)}</article>"
    )


def _examples(examples: list[Example]) -> str:
    if not examples:
        return ""
    others = "".join(map(_example, examples[1:]))
    if others:
        more = "one more example" if len(examples) == 2 else f"{len(examples) - 1} more examples"
        others = f"<details><summary>{more}</summary>{others}</details>"
    return _example(examples[0]) + others


def _example(example: Example) -> str:
    where = f" at <code>{escape(example.pointer)}</code>" if example.pointer else ""
    when = f" · {moment(example.time)}" if example.time is not None else ""
    return (
        f'<div class="example"><p class="small"><code>{escape(example.request)}</code>{where}'
        f'<span class="quiet">{when}</span></p><div class="sides">'
        f'<div><span>control</span><div class="value">{escape(example.control)}</div></div>'
        f'<div><span>candidate</span><div class="value">{escape(example.candidate)}</div></div>'
        "</div></div>"
    )


def _busiest(tally: Tally) -> list[tuple[str, EndpointTally]]:
    return sorted(tally.endpoints.items(), key=lambda each: -each[1].compared)


def _endpoints(about: About, tally: Tally) -> str:
    if not tally.endpoints:
        return ""
    timed = any(each.control.count for each in tally.endpoints.values())
    names = [about.unit, "match", "unexplained", "expected"]
    names += ["errors"] if any(each.errors for each in tally.endpoints.values()) else []
    names += ["p50 of both", "p99 of both"] if timed else []
    failed = " Errors: the control itself answered with 400 or more." if "errors" in names else ""
    rows = "".join(_row(name, names, _cells(each, names)) for name, each in _busiest(tally))
    head = "".join(f'<th scope="col" class="number">{name}</th>' for name in names)
    return (
        "<h2>How often both agree</h2>"
        '<p class="small quiet">Match: nothing differs, or only what a rule expects.'
        f"{failed}</p>"
        '<div class="scroll" tabindex="0" role="region" aria-label="How often both agree">'
        f'<table class="stack"><thead><tr><th scope="col">where</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cells(tally: EndpointTally, names: Sequence[str]) -> Iterator[str]:
    matched = tally.compared - tally.different
    percent = 100 * matched / tally.compared if tally.compared else 0
    bar = f'<span class="rate"><i style="width:{percent:.2f}%"></i></span>'
    yield number(tally.compared)
    yield f"<span>{bar}{share(matched, tally.compared)}</span>"
    yield f"<b>{number(tally.different)}</b>" if tally.different else "0"
    yield number(tally.expected)
    if "errors" in names:
        yield number(tally.errors)
    for quantile in (0.5, 0.99) if "p50 of both" in names else ():
        control, candidate = tally.control.quantile(quantile), tally.candidate.quantile(quantile)
        yield (
            f'<span><span class="control-ink">{duration(control)}</span> · '
            f'<span class="candidate-ink">{duration(candidate)}</span></span>'
        )


def _row(first: str, names: Iterable[str], cells: Iterable[str]) -> str:
    rest = "".join(
        f'<td class="number" data-name="{name}">{cell}</td>'
        for name, cell in zip(names, cells, strict=True)
    )
    return f'<tr><th scope="row"><code>{escape(first)}</code></th>{rest}</tr>'


def _latencies(tally: Tally) -> str:
    timed = [
        (name, each)
        for name, each in _busiest(tally)
        if each.control.count and each.candidate.count
    ]
    if not timed:
        return ""
    figures = "".join(
        f"<figure><figcaption><code>{escape(name)}</code></figcaption>"
        f"{latency_chart(name, each.control, each.candidate)}</figure>"
        for name, each in timed[:_MOST_CHARTS]
    )
    return (
        "<h2>How long answers take</h2>"
        '<p class="small quiet">How long the given share of the answers took at most;'
        " to the right are the slowest. Lower is faster.</p>"
        f'<p class="key"><span class="control-ink">{_line("control")}control</span>'
        f'<span class="candidate-ink">{_line("candidate")}candidate</span></p>'
        f'<div class="charts">{figures}</div>'
    )


def _line(css_class: str) -> str:
    return (
        '<svg viewBox="0 0 32 10" aria-hidden="true">'
        f'<polyline class="{css_class}" points="0,5 32,5"/></svg>'
    )


def _rules(verdict: Verdict) -> str:
    matched = [each for each in verdict.rules if each.count]
    unmatched = [each for each in verdict.rules if not each.count]
    rows = "".join(
        f'<tr><th scope="row"><code>{rule.name}</code></th>'
        f'<td class="number" data-name="differences">{number(rule.count)}</td>'
        f'<td data-name="why">{escape(rule.reason)}</td></tr>'
        for rule in sorted(matched, key=lambda rule: -rule.count)
    )
    table = (
        '<div class="scroll"><table class="stack"><thead><tr><th scope="col">rule</th>'
        '<th scope="col" class="number">differences</th><th scope="col">why</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    never = "".join(
        f"<li><code>{rule.name}</code> {escape(rule.reason)}</li>" for rule in unmatched
    )
    return (
        "<h2>What differs as expected</h2>"
        + (table if rows else '<p class="quiet">Nothing.</p>')
        + _expected_examples(verdict)
        + (
            f"<details><summary>{len(unmatched)} rules never matched</summary>"
            f'<ul class="small">{never}</ul></details>'
            if unmatched
            else ""
        )
    )


def _expected_examples(verdict: Verdict) -> str:
    if not verdict.explained:
        return ""
    cards = "".join(
        f'<div class="example"><p><code>{each.rule}</code> · {escape(place(each))} · '
        f"{number(each.count)} × <code>{escape(each.endpoint)}</code></p>"
        f"{''.join(map(_example, each.examples[:1]))}</div>"
        for each in verdict.explained
    )
    return f"<details><summary>An example of each</summary>{cards}</details>"


def _notes(tally: Tally) -> str:
    if not tally.notes:
        return ""
    listed = "".join(
        f"<li>{number(count)} × {escape(what)}</li>" for what, count in tally.notes.items()
    )
    return f"<h2>Also</h2><ul>{listed}</ul>"
