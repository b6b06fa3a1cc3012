"""Two JSON values, compared path by path."""

from __future__ import annotations

from collections import Counter
from typing import Any

from passport_scorer.tools.shadow.comparison.acceptance import accepts
from passport_scorer.tools.shadow.comparison.canonical import (
    any_order_rule,
    canonical,
    key_order_rule,
)
from passport_scorer.tools.shadow.comparison.differences import ABSENT, Difference, Kind
from passport_scorer.tools.shadow.comparison.json_values import JsonValue, kind_of
from passport_scorer.tools.shadow.comparison.pairing import in_any_order, in_order
from passport_scorer.tools.shadow.comparison.patterns import Place, segment
from passport_scorer.tools.shadow.comparison.rules import (
    Accept,
    Collection,
    Part,
    Rule,
    Subject,
)


def compare_values(
    control: JsonValue, candidate: JsonValue, subject: Subject, part: Part = Part.BODY
) -> list[Difference]:
    """Return all differences, expected ones with their rule; none: the same.

    Objects are compared as mappings unless a rule says that their keys have an order; arrays
    are compared in order unless a rule says that they have none.
    """
    walk = _Walk(part, subject)
    walk.compare(_Spot((), subject.rules, None), control, candidate)
    return walk.found


def compare_items(
    control: list[JsonValue], candidate: list[JsonValue], subject: Subject
) -> list[Difference]:
    """Compare two sets of documents, such as rows, whose order doesn't count.

    The rules' paths start inside a document, and so do the pointers of the differences.
    """
    walk = _Walk(Part.BODY, subject)
    top = _Spot((), subject.rules, None)
    if len(control) == len(candidate) == 1:
        walk.compare(top, control[0], candidate[0])
        return walk.found
    texts = (
        [canonical(each, subject.rules) for each in control],
        [canonical(each, subject.rules) for each in candidate],
    )
    for i, j in in_any_order(control, candidate, texts):
        walk.compare(
            top, ABSENT if i is None else control[i], ABSENT if j is None else candidate[j]
        )
    return walk.found


class _Spot:
    """A place in both documents, and the way to it."""

    __slots__ = ("covered_by", "keys", "rules")

    def __init__(
        self, keys: tuple[str | int, ...], rules: Place[Rule], covered_by: Rule | None
    ) -> None:
        self.keys = keys  # positions in arrays are integers
        self.rules = rules
        self.covered_by = covered_by

    def below(self, key: str | int) -> _Spot:
        """Go down to a member or an item."""
        rules = self.rules if self.rules.empty else self.rules.below(str(key))
        return _Spot((*self.keys, key), rules, self.covered_by)

    def covered(self, control: JsonValue, candidate: JsonValue) -> _Spot:
        """Stay here; a rule that accepts anything covers everything below."""
        for rule in () if self.rules.empty else self.rules.meanings:
            if rule.accept is Accept.ANYTHING and accepts(rule, Kind.VALUE, control, candidate):
                return _Spot(self.keys, self.rules, rule)
        return self

    def pointer(self) -> str:
        """The exact place."""
        return "".join(f"/{segment(key)}" for key in self.keys)

    def pattern(self, collections: Place[Collection]) -> str:
        """The place without positions and without keys that are data."""
        parts = []
        for key in self.keys:
            general = isinstance(key, int) or bool(collections.meanings)
            parts.append(f"/{'*' if general else segment(key)}")
            collections = collections.below(str(key))
        return "".join(parts)


class _Walk:
    """Goes through two documents at once, and collects what differs."""

    def __init__(self, part: Part, subject: Subject) -> None:
        self._part = part
        self._collections = subject.collections
        self.found: list[Difference] = []

    def compare(self, spot: _Spot, control: Any, candidate: Any) -> None:
        """Compare what is here and below."""
        if control is ABSENT:
            self._add(spot, Kind.UNEXPECTED, control, candidate)
        elif candidate is ABSENT:
            self._add(spot, Kind.MISSING, control, candidate)
        elif isinstance(control, dict) and isinstance(candidate, dict):
            self._objects(spot.covered(control, candidate), control, candidate)
        elif isinstance(control, list) and isinstance(candidate, list):
            self._arrays(spot.covered(control, candidate), control, candidate)
        elif kind_of(control) != kind_of(candidate):
            self._add(spot, Kind.TYPE, control, candidate)
        elif control != candidate:
            self._add(spot, Kind.VALUE, control, candidate)

    def _objects(self, spot: _Spot, control: dict[str, Any], candidate: dict[str, Any]) -> None:
        for key in [*control, *(key for key in candidate if key not in control)]:
            self.compare(spot.below(key), control.get(key, ABSENT), candidate.get(key, ABSENT))
        common = [key for key in control if key in candidate]
        if common == [key for key in candidate if key in control]:
            return
        if not spot.rules.empty and key_order_rule(spot.rules):
            self._add(spot, Kind.KEY_ORDER, list(control), list(candidate))

    def _arrays(self, spot: _Spot, control: list[Any], candidate: list[Any]) -> None:
        if not control and not candidate:
            return
        spots = [spot.below(i) for i in range(max(len(control), len(candidate)))]
        texts = (
            [canonical(item, spots[i].rules) for i, item in enumerate(control)],
            [canonical(item, spots[i].rules) for i, item in enumerate(candidate)],
        )
        moved = texts[0] != texts[1] and Counter(texts[0]) == Counter(texts[1])
        if moved:
            self._add(spot, Kind.ORDER, control, candidate)
        if moved or (not spot.rules.empty and any_order_rule(spot.rules)):
            pairs = in_any_order(control, candidate, texts)
        else:
            pairs = in_order(*texts)
        for i, j in pairs:
            self.compare(
                spots[j if i is None else i],  # type: ignore[index]  # one of them is there
                ABSENT if i is None else control[i],
                ABSENT if j is None else candidate[j],
            )

    def _add(self, spot: _Spot, kind: Kind, control: Any, candidate: Any) -> None:
        rule = spot.covered_by or next(
            (r for r in spot.rules.meanings if accepts(r, kind, control, candidate)), None
        )
        pointer, pattern = spot.pointer(), spot.pattern(self._collections)
        self.found.append(Difference(self._part, pointer, pattern, kind, control, candidate, rule))
