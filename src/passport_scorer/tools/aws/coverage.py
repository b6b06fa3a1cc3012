"""Is a listener rule shadowed by the rules before it?

Each aspect of a request that rules test (path, method, host, each header) falls into one of
finitely many classes of texts (`patterns.text_classes`). A rule is therefore a box in a finite
space, and its remainder is found by subtracting the boxes of earlier rules.

A header has one value here, or is absent. Conditions on other aspects (query, source address) are
opaque: equal conditions hold together, different ones are independent. A rule is therefore never
wrongly reported as covered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from passport_scorer.tools.aws.infrastructure import (
    HEADER,
    HOST,
    METHOD,
    PATH,
    Condition,
    ListenerRule,
)
from passport_scorer.tools.aws.patterns import text_classes

_Aspect = tuple[str, ...]
_Classes = frozenset[frozenset[str]]
_Box = Mapping[_Aspect, _Classes]

_NOTHING: frozenset[str] = frozenset()
_HOLDS = "holds"


def is_covered(rule: ListenerRule, earlier: Sequence[ListenerRule]) -> bool:
    """Return True if every request that matches the rule also matches an earlier one.

    A rule with contradictory conditions matches nothing, and is therefore covered.
    """
    space = _space([rule, *earlier])
    own = _box(rule, space)
    if not all(own.values()):
        return True
    return not _is_not_covered({**space, **own}, [_box(other, space) for other in earlier])


def _is_not_covered(box: _Box, others: Sequence[_Box]) -> bool:
    """Return True if a part of a box is in none of the others."""
    if not others:
        return True
    first, *rest = others
    for aspect, classes in first.items():
        outside = box[aspect] - classes
        if outside and _is_not_covered({**box, aspect: outside}, rest):
            return True
        box = {**box, aspect: box[aspect] & classes}
        if not box[aspect]:
            return False  # the whole box is outside the first, and has just been checked
    return False


def _space(rules: Iterable[ListenerRule]) -> dict[_Aspect, _Classes]:
    """Return all classes for each aspect that the rules test."""
    patterns: dict[_Aspect, set[str]] = {}
    for rule in rules:
        for condition in rule.conditions:
            patterns.setdefault(_aspect(condition), set()).update(_patterns(condition))
    return {aspect: _classes(aspect[0], found) for aspect, found in patterns.items()}


def _classes(field: str, patterns: set[str]) -> _Classes:
    if field == PATH:
        return text_classes(patterns, beginning="/")
    if field in {HEADER, HOST}:
        return text_classes(patterns) | {_NOTHING}  # or absent, which `*` does not match
    return frozenset({frozenset({value}) for value in patterns} | {_NOTHING})


def _box(rule: ListenerRule, space: _Box) -> dict[_Aspect, _Classes]:
    box: dict[_Aspect, _Classes] = {}
    for condition in rule.conditions:
        aspect, patterns = _aspect(condition), _patterns(condition)
        box[aspect] = frozenset(
            each for each in box.get(aspect, space[aspect]) if not each.isdisjoint(patterns)
        )
    return box


def _aspect(condition: Condition) -> _Aspect:
    """Return the aspect that a condition tests."""
    if condition.field in {PATH, METHOD, HOST}:
        return (condition.field,)
    if condition.field == HEADER:
        return (HEADER, condition.name.lower())
    return (condition.field, condition.name, *sorted(condition.values))


def _patterns(condition: Condition) -> frozenset[str]:
    """Return the values as they are compared: headers and hosts are case-insensitive."""
    if condition.field in {HEADER, HOST}:
        return frozenset(value.lower() for value in condition.values)
    if condition.field in {PATH, METHOD}:
        return frozenset(condition.values)
    return frozenset({_HOLDS})
