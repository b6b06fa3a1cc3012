"""Comparison of two JSON values, path by path."""

from __future__ import annotations

from collections import Counter
from typing import Any

from passport_scorer.tools.shadow.comparison.acceptance import accepts
from passport_scorer.tools.shadow.comparison.canonical import (
    any_order_rule,
    canonical,
    key_order_rule,
)
from passport_scorer.tools.shadow.comparison.differences import ABSENT, Difference, DifferenceKind
from passport_scorer.tools.shadow.comparison.json_values import JsonValue, kind_of
from passport_scorer.tools.shadow.comparison.pairing import pair_in_any_order, pair_in_order
from passport_scorer.tools.shadow.comparison.patterns import MatchState, segment
from passport_scorer.tools.shadow.comparison.rules import (
    Accept,
    Collection,
    Part,
    PartRules,
    Rule,
)


def compare_values(
    control: JsonValue, candidate: JsonValue, part_rules: PartRules, part: Part = Part.BODY
) -> list[Difference]:
    """Return all differences, expected ones with their rule.

    The order of object keys matters only if a rule says so; the order of array items matters
    unless a rule says otherwise.
    """
    comparison = _Comparison(part, part_rules)
    comparison.compare(_Location((), part_rules.rules, None), control, candidate)
    return comparison.found


def compare_items(
    control: list[JsonValue], candidate: list[JsonValue], part_rules: PartRules
) -> list[Difference]:
    """Compare two unordered sets of documents, such as rows.

    Paths of rules and pointers of differences start inside a document.
    """
    comparison = _Comparison(Part.BODY, part_rules)
    top = _Location((), part_rules.rules, None)
    if len(control) == len(candidate) == 1:
        comparison.compare(top, control[0], candidate[0])
        return comparison.found
    texts = (
        [canonical(each, part_rules.rules) for each in control],
        [canonical(each, part_rules.rules) for each in candidate],
    )
    for i, j in pair_in_any_order(control, candidate, texts):
        comparison.compare(
            top, ABSENT if i is None else control[i], ABSENT if j is None else candidate[j]
        )
    return comparison.found


class _Location:
    """A location in both documents, with the keys that lead to it."""

    __slots__ = ("covered_by", "keys", "rules")

    def __init__(
        self, keys: tuple[str | int, ...], rules: MatchState[Rule], covered_by: Rule | None
    ) -> None:
        self.keys = keys  # positions in arrays are integers
        self.rules = rules
        self.covered_by = covered_by

    def descend(self, key: str | int) -> _Location:
        """Return the location of a member or an item."""
        rules = self.rules if self.rules.empty else self.rules.descend(str(key))
        return _Location((*self.keys, key), rules, self.covered_by)

    def covered(self, control: JsonValue, candidate: JsonValue) -> _Location:
        """Return this location, covered by a rule that accepts anything here, if there is one."""
        for rule in () if self.rules.empty else self.rules.payloads:
            if rule.accept is Accept.ANYTHING and accepts(
                rule, DifferenceKind.VALUE, control, candidate
            ):
                return _Location(self.keys, self.rules, rule)
        return self

    def pointer(self) -> str:
        """Return the JSON pointer."""
        return "".join(f"/{segment(key)}" for key in self.keys)

    def pattern(self, collections: MatchState[Collection]) -> str:
        """Return the pointer with `*` for array positions and for keys that are data."""
        parts = []
        for key in self.keys:
            general = isinstance(key, int) or bool(collections.payloads)
            parts.append(f"/{'*' if general else segment(key)}")
            collections = collections.descend(str(key))
        return "".join(parts)


class _Comparison:
    """Walks two documents in parallel and collects the differences."""

    def __init__(self, part: Part, part_rules: PartRules) -> None:
        self._part = part
        self._collections = part_rules.collections
        self.found: list[Difference] = []

    def compare(self, location: _Location, control: Any, candidate: Any) -> None:
        """Compare the values at a location and everything below."""
        if control is ABSENT:
            self._add(location, DifferenceKind.UNEXPECTED, control, candidate)
        elif candidate is ABSENT:
            self._add(location, DifferenceKind.MISSING, control, candidate)
        elif isinstance(control, dict) and isinstance(candidate, dict):
            self._objects(location.covered(control, candidate), control, candidate)
        elif isinstance(control, list) and isinstance(candidate, list):
            self._arrays(location.covered(control, candidate), control, candidate)
        elif kind_of(control) != kind_of(candidate):
            self._add(location, DifferenceKind.TYPE, control, candidate)
        elif control != candidate:
            self._add(location, DifferenceKind.VALUE, control, candidate)

    def _objects(
        self, location: _Location, control: dict[str, Any], candidate: dict[str, Any]
    ) -> None:
        for key in [*control, *(key for key in candidate if key not in control)]:
            self.compare(
                location.descend(key), control.get(key, ABSENT), candidate.get(key, ABSENT)
            )
        common = [key for key in control if key in candidate]
        if common == [key for key in candidate if key in control]:
            return
        if not location.rules.empty and key_order_rule(location.rules):
            self._add(location, DifferenceKind.KEY_ORDER, list(control), list(candidate))

    def _arrays(self, location: _Location, control: list[Any], candidate: list[Any]) -> None:
        if not control and not candidate:
            return
        locations = [location.descend(i) for i in range(max(len(control), len(candidate)))]
        texts = (
            [canonical(item, locations[i].rules) for i, item in enumerate(control)],
            [canonical(item, locations[i].rules) for i, item in enumerate(candidate)],
        )
        moved = texts[0] != texts[1] and Counter(texts[0]) == Counter(texts[1])
        if moved:
            self._add(location, DifferenceKind.ORDER, control, candidate)
        if moved or (not location.rules.empty and any_order_rule(location.rules)):
            pairs = pair_in_any_order(control, candidate, texts)
        else:
            pairs = pair_in_order(*texts)
        for i, j in pairs:
            self.compare(
                locations[j if i is None else i],  # type: ignore[index]  # one of them is there
                ABSENT if i is None else control[i],
                ABSENT if j is None else candidate[j],
            )

    def _add(self, location: _Location, kind: DifferenceKind, control: Any, candidate: Any) -> None:
        rule = location.covered_by or next(
            (r for r in location.rules.payloads if accepts(r, kind, control, candidate)), None
        )
        pointer, pattern = location.pointer(), location.pattern(self._collections)
        self.found.append(Difference(self._part, pointer, pattern, kind, control, candidate, rule))
