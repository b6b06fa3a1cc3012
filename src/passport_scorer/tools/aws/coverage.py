"""Which requests a listener rule gets, after the rules before it have taken theirs.

A request is seen as one kind of text for each thing that rules look at: its path, its method,
its host, each header. There are finitely many kinds (`patterns.kinds_of_texts`), so a rule is a
box, and what is left of it after others is found by cutting boxes out of it.

A header has one value here, or is absent. Conditions on other things (query, source address) are
taken as they stand: the same condition holds in both rules or in neither; different ones are
independent. So a rule is never said to be covered when it is not.
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
from passport_scorer.tools.aws.patterns import kinds_of_texts

_Aspect = tuple[str, ...]
_Kinds = frozenset[frozenset[str]]
_Box = Mapping[_Aspect, _Kinds]

_NOTHING: frozenset[str] = frozenset()
_HOLDS = "holds"


def is_covered(rule: ListenerRule, earlier: Sequence[ListenerRule]) -> bool:
    """Return True if every request that fits the rule fits one of the earlier rules as well.

    A rule whose own conditions contradict each other is covered by none at all.
    """
    space = _space([rule, *earlier])
    own = _box(rule, space)
    if not all(own.values()):
        return True
    return not _something_left({**space, **own}, [_box(other, space) for other in earlier])


def _something_left(box: _Box, others: Sequence[_Box]) -> bool:
    """Return True if a part of a box lies in none of the others."""
    if not others:
        return True
    first, *rest = others
    for aspect, kinds in first.items():
        outside = box[aspect] - kinds
        if outside and _something_left({**box, aspect: outside}, rest):
            return True
        box = {**box, aspect: box[aspect] & kinds}
        if not box[aspect]:
            return False  # the box lies outside as a whole, and has just been looked at
    return False


def _space(rules: Iterable[ListenerRule]) -> dict[_Aspect, _Kinds]:
    """Return all kinds that there are of whatever the rules look at."""
    patterns: dict[_Aspect, set[str]] = {}
    for rule in rules:
        for condition in rule.conditions:
            patterns.setdefault(_aspect(condition), set()).update(_patterns(condition))
    return {aspect: _kinds(aspect[0], found) for aspect, found in patterns.items()}


def _kinds(field: str, patterns: set[str]) -> _Kinds:
    if field == PATH:
        return kinds_of_texts(patterns, beginning="/")
    if field in {HEADER, HOST}:
        return kinds_of_texts(patterns) | {_NOTHING}  # it may be absent, which `*` doesn't match
    return frozenset({frozenset({value}) for value in patterns} | {_NOTHING})


def _box(rule: ListenerRule, space: _Box) -> dict[_Aspect, _Kinds]:
    box: dict[_Aspect, _Kinds] = {}
    for condition in rule.conditions:
        aspect, patterns = _aspect(condition), _patterns(condition)
        box[aspect] = frozenset(
            kind for kind in box.get(aspect, space[aspect]) if not kind.isdisjoint(patterns)
        )
    return box


def _aspect(condition: Condition) -> _Aspect:
    """Return what a condition looks at."""
    if condition.field in {PATH, METHOD, HOST}:
        return (condition.field,)
    if condition.field == HEADER:
        return (HEADER, condition.name.lower())
    return (condition.field, condition.name, *sorted(condition.values))


def _patterns(condition: Condition) -> frozenset[str]:
    """Return the values as they are compared: headers and hosts without regard to letter case."""
    if condition.field in {HEADER, HOST}:
        return frozenset(value.lower() for value in condition.values)
    if condition.field in {PATH, METHOD}:
        return frozenset(condition.values)
    return frozenset({_HOLDS})
