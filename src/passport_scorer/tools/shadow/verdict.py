"""The verdict on a tally: what nothing explains, the worst first."""

from __future__ import annotations

import msgspec

from passport_scorer.tools.shadow.comparison.rules import Accept, Part, Rule, Rulebook
from passport_scorer.tools.shadow.slowness import slow_classes
from passport_scorer.tools.shadow.tally import DifferenceClass, Tally

TABLE = "table "


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
    slow = list(slow_classes(tally.endpoints, rulebook))
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
