"""The verdict on a tally: its unexplained differences, the worst first."""

from __future__ import annotations

import msgspec

from passport_scorer.tools.shadow.comparison.rules import Accept, Part, Rule, Rulebook
from passport_scorer.tools.shadow.slowness import slow_classes
from passport_scorer.tools.shadow.tally import DifferenceClass, Tally

TABLE = "table "


def is_table(name: str) -> bool:
    """Return True for the name of a table, False for an endpoint."""
    return name.startswith(TABLE)


class RuleCount(msgspec.Struct, frozen=True):
    """A rule, and the number of differences it matched."""

    name: str
    reason: str
    count: int


class Verdict(msgspec.Struct, frozen=True):
    """The outcome of a comparison.

    Attributes:
        unexplained: classes of unexplained differences, the worst first.
        explained: classes of expected differences, the most frequent first.
        rules: all rules, including those that never matched.
        compared: the number of exchanges or keys compared.
        different: the number of those with an unexplained difference.
    """

    unexplained: tuple[DifferenceClass, ...]
    explained: tuple[DifferenceClass, ...]
    rules: tuple[RuleCount, ...]
    compared: int
    different: int

    @property
    def same(self) -> bool:
        """True if something was compared and there is no unexplained difference."""
        return self.compared > 0 and not self.unexplained


def judge(tally: Tally, rulebook: Rulebook) -> Verdict:
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
    """Return True if the rule could have matched in a comparison of tables or responses."""
    if rule.accept is Accept.KEY_ORDER:
        return False  # it makes the comparison stricter: it expects no difference
    if tables and rule.part is not Part.BODY:
        return False
    return any(on == "*" or is_table(on) == tables for on in rule.on)
