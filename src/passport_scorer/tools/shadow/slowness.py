"""Is the candidate significantly slower than the control?

Both are slow now and then; a sign test tells whether one of them is slow significantly more often.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from passport_scorer.tools.shadow.comparison.differences import DifferenceKind
from passport_scorer.tools.shadow.comparison.rules import Part, Rulebook, applies_to
from passport_scorer.tools.shadow.latencies import Timeline
from passport_scorer.tools.shadow.severity import DifferenceSeverity
from passport_scorer.tools.shadow.tally import MOST_EXAMPLES, DifferenceClass, EndpointTally

ALL_ENDPOINTS = "(all endpoints)"
# Three standard deviations: two equal deployments exceed this once in 700 comparisons.
_LEAST_SIGNIFICANCE = 3.0
_LEAST_EXCESS = 5
_MOST_SINGLE = 3
_WHY = "Clients wait longer, and waiting requests hold connections."


def slow_classes(
    endpoints: Mapping[str, EndpointTally], rulebook: Rulebook
) -> Iterator[DifferenceClass]:
    """Yield the endpoints at which the candidate is slower; if there are many, all as one class.

    Args:
        endpoints: template -> tally.
        rulebook: its rules for the part `latency` can expect slowness.
    """
    unexpected = {}
    for name, tally in endpoints.items():
        rule = _rule(name, rulebook)
        if rule is None:
            unexpected[name] = tally
        elif _is_significant(tally):
            yield _slow_class(name, tally, rule)
    significant = {name: each for name, each in unexpected.items() if _is_significant(each)}
    if 0 < len(significant) <= _MOST_SINGLE:
        yield from (_slow_class(name, each, None) for name, each in significant.items())
        return
    combined = _combined(unexpected)
    if _is_significant(combined):
        yield _slow_class(ALL_ENDPOINTS, combined, None)


def _rule(name: str, rulebook: Rulebook) -> str | None:
    rules = (rule for rule in rulebook.rule if rule.part is Part.LATENCY)
    return next((rule.name for rule in rules if applies_to(rule.on, name)), None)


def _is_significant(tally: EndpointTally) -> bool:
    excess = tally.slower - tally.faster
    if excess < _LEAST_EXCESS:
        return False
    return excess / math.sqrt(tally.slower + tally.faster) >= _LEAST_SIGNIFICANCE


def _combined(endpoints: Mapping[str, EndpointTally]) -> EndpointTally:
    """Combine the slow exchanges of all endpoints."""
    made = EndpointTally(slow_timeline=Timeline())
    for each in endpoints.values():
        made.slower += each.slower
        made.faster += each.faster
        made.slow_examples = [*made.slow_examples, *each.slow_examples][:MOST_EXAMPLES]
        line = each.slow_timeline
        for number, count in enumerate(line.counts):
            if count:
                made.slow_timeline.add((line.start or 0.0) + number * line.width, count)
    firsts = [each.slow_first for each in endpoints.values() if each.slow_first is not None]
    lasts = [each.slow_last for each in endpoints.values() if each.slow_last is not None]
    made.slow_first, made.slow_last = min(firsts, default=None), max(lasts, default=None)
    return made


def _slow_class(name: str, tally: EndpointTally, rule: str | None) -> DifferenceClass:
    return DifferenceClass(
        name,
        Part.LATENCY,
        "",
        DifferenceKind.SLOWER,
        rule,
        DifferenceSeverity.NOTABLE,
        _WHY,
        count=tally.slower,
        exchanges=tally.slower,
        first=tally.slow_first,
        last=tally.slow_last,
        timeline=tally.slow_timeline,
        examples=tally.slow_examples,
    )
