"""Pairing of the items of two arrays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from passport_scorer.tools.shadow.comparison.json_values import JsonValue, json_text

Pair = tuple[int | None, int | None]

# Longer arrays are paired by position: finding better pairs takes quadratic time.
_LONGEST_ALIGNED = 2000
_LONGEST_MATCHED_BY_SIMILARITY = 60


def pair_in_order(control: Sequence[str], candidate: Sequence[str]) -> Iterator[Pair]:
    """Pair the items of two ordered arrays by their canonical texts.

    Yields positions; None if an item has no counterpart.
    """
    if len(control) == len(candidate) or max(len(control), len(candidate)) > _LONGEST_ALIGNED:
        yield from _by_position(range(len(control)), range(len(candidate)))
        return
    # Pair the common prefix and suffix first; the matcher alone does not always find them.
    begin = _common_prefix(control, candidate)
    end = _common_prefix(control[begin:][::-1], candidate[begin:][::-1])
    yield from ((position, position) for position in range(begin))
    left, right = control[begin : len(control) - end], candidate[begin : len(candidate) - end]
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    for _, from_a, to_a, from_b, to_b in matcher.get_opcodes():
        yield from _by_position(
            range(begin + from_a, begin + to_a), range(begin + from_b, begin + to_b)
        )
    yield from zip(
        range(len(control) - end, len(control)),
        range(len(candidate) - end, len(candidate)),
        strict=True,
    )


def _common_prefix(control: Sequence[str], candidate: Sequence[str]) -> int:
    """Return the length of the common prefix."""
    pairs = zip(control, candidate, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(control), len(candidate)))


def _by_position(control: Sequence[int], candidate: Sequence[int]) -> Iterator[Pair]:
    both = min(len(control), len(candidate))
    yield from zip(control[:both], candidate[:both], strict=True)
    yield from ((position, None) for position in control[both:])
    yield from ((None, position) for position in candidate[both:])


def pair_in_any_order(
    control: Sequence[JsonValue],
    candidate: Sequence[JsonValue],
    texts: tuple[Sequence[str], Sequence[str]],
) -> Iterator[Pair]:
    """Pair the items of two unordered arrays.

    Items with the same canonical text are paired first, then those that are most similar.

    Args:
        control: the control's items.
        candidate: the candidate's items.
        texts: the canonical texts of both.
    """
    unmatched: dict[str, list[int]] = defaultdict(list)
    for position in reversed(range(len(candidate))):
        unmatched[texts[1][position]].append(position)
    left = []
    for position, text in enumerate(texts[0]):
        if unmatched[text]:
            yield position, unmatched[text].pop()
        else:
            left.append(position)
    right = sorted(position for positions in unmatched.values() for position in positions)
    yield from _by_similarity(control, candidate, left, right)


def _by_similarity(
    control: Sequence[JsonValue],
    candidate: Sequence[JsonValue],
    left: list[int],
    right: list[int],
) -> Iterator[Pair]:
    if max(len(left), len(right)) > _LONGEST_MATCHED_BY_SIMILARITY:
        yield from _by_position(left, right)
        return
    members = {("l", i): _members(control[i]) for i in left}
    members |= {("r", j): _members(candidate[j]) for j in right}
    while left and right:
        _, i, j = max((len(members["l", i] & members["r", j]), -i, -j) for i in left for j in right)
        yield -i, -j
        left.remove(-i)
        right.remove(-j)
    yield from _by_position(left, right)


def _members(item: JsonValue) -> frozenset[str]:
    if isinstance(item, dict):
        return frozenset(f"{key}={json_text(value)}" for key, value in item.items())
    return frozenset([json_text(item)])
