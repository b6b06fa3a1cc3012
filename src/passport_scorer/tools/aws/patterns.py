"""Patterns of load balancers: `*` is any text, `?` is any one character.

Which texts match which of several patterns is decided exactly, not by trying: all patterns are
followed at once, as a finite automaton, and every state that can be reached is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

_ANY_OTHER = "\0"  # stands for all characters that no pattern names

_Positions = frozenset[int]
_State = tuple[_Positions, ...]


def matches(pattern: str, text: str) -> bool:
    """Return True if the whole text is what the pattern says; letter case counts."""
    positions = _start(pattern)
    for character in text:
        positions = _step(pattern, positions, character)
    return len(pattern) in positions


def kinds_of_texts(patterns: Iterable[str], *, beginning: str = "") -> frozenset[frozenset[str]]:
    """Sort all texts that there can be by the patterns that they match.

    Args:
        patterns: in any order.
        beginning: what each text begins with.

    Returns:
        Each set of patterns for which some text matches exactly these, and none of the others.
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
    """Return where in the pattern one may be after one more character."""
    after = set()
    for position in positions:
        wanted = pattern[position : position + 1]
        if wanted == "*":
            after.add(position)
        elif wanted in {"?", character}:
            after.add(position + 1)
    return _with_skipped_stars(pattern, after)


def _with_skipped_stars(pattern: str, positions: set[int]) -> _Positions:
    """Add the positions behind stars, which may stand for nothing."""
    reached = set()
    for start in positions:
        position = start
        reached.add(position)
        while pattern[position : position + 1] == "*":
            position += 1
            reached.add(position)
    return frozenset(reached)
