"""The verdict on a tally: what nothing explains, the worst first."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from passport_scorer.shadow.comparison.differences import Kind
from passport_scorer.shadow.comparison.rules import Accept, Part, Rule, Rulebook, applies_to
from passport_scorer.shadow.latencies import Timeline
from passport_scorer.shadow.severity import Severity
from passport_scorer.shadow.tally import DifferenceClass, EndpointTally, Tally

TABLE = "table "
ALL_ENDPOINTS = "(all endpoints)"
# A chance of one in 700 that two alike deployments look like this.
_LEAST_SIGNIFICANCE = 3.0
_LEAST_EXCESS = 5
_SLOWER = "Clients wait longer, and what waits holds connections."


def is_table(name: str) -> bool:
    """Return True if what is compared is a table, not an endpoint."""
    return name.startswith(TABLE)


class RuleCount(msgspec.Struct, frozen=True):
    """A rule, and how many differences it expected."""

    name: str
    reason: str
    count: int


class Verdict(msgspec.Struct, frozen=True):
    """What came of a comparison.

    Attributes:
        unexplained: classes of differences that no rule expects, the worst first.
        explained: those that rules expect, the most frequent first.
        rules: every rule; those that never matched have the count 0.
        compared: exchanges or rows.
        different: those with a difference that no rule expects.
    """

    unexplained: tuple[DifferenceClass, ...]
    explained: tuple[DifferenceClass, ...]
    rules: tuple[RuleCount, ...]
    compared: int
    different: int

    @property
    def same(self) -> bool:
        """True if something was compared, and nothing differs that no rule expects."""
        return self.compared > 0 and not self.unexplained


def verdict_on(tally: Tally, rulebook: Rulebook) -> Verdict:
    """Judge a tally."""
    classes = list(tally.classes.values())
    unexplained = [each for each in classes if each.rule is None]
    slow = list(_slow_classes(tally, rulebook))
    unexplained += [each for each in slow if each.rule is None]
    explained = [each for each in [*classes, *slow] if each.rule is not None]
    counts = dict(tally.rules)
    for each in slow:
        if each.rule:
            counts[each.rule] = counts.get(each.rule, 0) + each.count
    return Verdict(
        tuple(sorted(unexplained, key=lambda each: (-each.severity, -each.exchanges))),
        tuple(sorted(explained, key=lambda each: -each.count)),
        tuple(
            RuleCount(rule.name, rule.reason, counts.get(rule.name, 0))
            for rule in rulebook.rule
            if _is_of(rule, tables=any(map(is_table, tally.endpoints)))
        ),
        tally.compared,
        tally.different,
    )


def _is_of(rule: Rule, *, tables: bool) -> bool:
    """Could the rule have matched: rules of tables among tables, others among answers."""
    if rule.accept is Accept.KEY_ORDER:
        return False  # it expects nothing: it asks for more
    if tables and rule.part is not Part.BODY:
        return False
    return any(on == "*" or is_table(on) == tables for on in rule.on)


def _slow_classes(tally: Tally, rulebook: Rulebook) -> Iterator[DifferenceClass]:
    """The endpoints at which the candidate is slow oftener than the control.

    Both are slow now and then; what counts is how much oftener one of them is (a sign test).
    If no endpoint stands out, all together may.
    """
    found = [
        _slow_class(name, each, rulebook)
        for name, each in tally.endpoints.items()
        if _is_significant(each.slower, each.faster)
    ]
    yield from found
    slower = sum(each.slower for each in tally.endpoints.values())
    faster = sum(each.faster for each in tally.endpoints.values())
    if not found and _is_significant(slower, faster):
        worst = max(tally.endpoints.values(), key=lambda each: each.slower)
        together = msgspec.structs.replace(worst, slower=slower, faster=faster)
        yield _slow_class(ALL_ENDPOINTS, together, rulebook)


def _is_significant(slower: int, faster: int) -> bool:
    excess = slower - faster
    if excess < _LEAST_EXCESS:
        return False
    return excess / math.sqrt(slower + faster) >= _LEAST_SIGNIFICANCE


def _slow_class(name: str, tally: EndpointTally, rulebook: Rulebook) -> DifferenceClass:
    rule = next(
        (r.name for r in rulebook.rule if r.part is Part.LATENCY and applies_to(r.on, name)), None
    )
    return DifferenceClass(
        name,
        Part.LATENCY,
        "",
        Kind.SLOWER,
        rule,
        Severity.NOTABLE,
        _SLOWER,
        count=tally.slower,
        exchanges=tally.slower,
        first=tally.slow_first,
        last=tally.slow_last,
        timeline=Timeline(
            tally.slow_timeline.start, tally.slow_timeline.width, tally.slow_timeline.counts
        ),
        examples=tally.slow_examples,
    )
