"""Patterns of load balancers: `*` is any text, `?` is any one character.

Texts are classified exactly, without examples: all patterns run in parallel as a finite automaton,
whose reachable states are the classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

_ANY_OTHER = "\0"  # represents all characters that occur in no pattern

_Positions = frozenset[int]
_State = tuple[_Positions, ...]


def matches(pattern: str, text: str) -> bool:
    """Return True if the pattern matches the whole text, case-sensitively."""
    positions = _start(pattern)
    for character in text:
        positions = _step(pattern, positions, character)
    return len(pattern) in positions


def text_classes(patterns: Iterable[str], *, beginning: str = "") -> frozenset[frozenset[str]]:
    """Partition all possible texts by the patterns that they match.

    Args:
        patterns: the patterns, in any order.
        beginning: a prefix that all texts have.

    Returns:
        The classes: each set of patterns such that a text exists that matches exactly these.
    """
    ordered = sorted(set(patterns))
    return frozenset(
        frozenset(
            pattern
            for pattern, positions in zip(ordered, state, strict=True)
            if len(pattern) in positions
        )
        for state in _reachable_states(ordered, beginning)
    )


def _reachable_states(patterns: Sequence[str], beginning: str) -> Iterator[_State]:
    alphabet = {_ANY_OTHER, *"".join(patterns)} - set("*?")
    state: _State = tuple(_start(pattern) for pattern in patterns)
    for character in beginning:
        state = _next_state(patterns, state, character)
    seen, waiting = {state}, [state]
    while waiting:
        state = waiting.pop()
        yield state
        following = {_next_state(patterns, state, character) for character in alphabet} - seen
        seen |= following
        waiting.extend(following)


def _next_state(patterns: Sequence[str], state: _State, character: str) -> _State:
    return tuple(
        _step(pattern, positions, character)
        for pattern, positions in zip(patterns, state, strict=True)
    )


def _start(pattern: str) -> _Positions:
    return _with_skipped_stars(pattern, {0})


def _step(pattern: str, positions: _Positions, character: str) -> _Positions:
    """Return the possible positions in the pattern after one more character."""
    after = set()
    for position in positions:
        wanted = pattern[position : position + 1]
        if wanted == "*":
            after.add(position)
        elif wanted in {"?", character}:
            after.add(position + 1)
    return _with_skipped_stars(pattern, after)


def _with_skipped_stars(pattern: str, positions: set[int]) -> _Positions:
    """Add the positions after stars, which can match the empty text."""
    reached = set()
    for start in positions:
        position = start
        reached.add(position)
        while pattern[position : position + 1] == "*":
            position += 1
            reached.add(position)
    return frozenset(reached)
