"""Patterns of JSON pointers, matched while walking down a document.

In `/stamps/*/id`, `*` is any one segment, or any text within a segment (`/ratelimit*`); `**` is
any number of segments. `~1` and `~0` stand for `/` and `~`, as in JSON pointers.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Generic, TypeVar

Payload = TypeVar("Payload")


def segment(key: str | int) -> str:
    """Escape a key as a segment of a JSON pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def _key(text: str) -> str:
    return text.replace("~1", "/").replace("~0", "~")


class _Node(Generic[Payload]):
    """A node in the trie of all patterns."""

    def __init__(self) -> None:
        self.exact: dict[str, _Node[Payload]] = {}
        self.globs: dict[str, _Node[Payload]] = {}
        self.deep: _Node[Payload] | None = None
        self.sticky = False
        self.payloads: list[tuple[int, Payload]] = []


class MatchState(Generic[Payload]):
    """The patterns that the path so far matches, or can still match further down.

    These are the states of a finite automaton; each distinct state is built once.
    """

    __slots__ = ("_globs", "_known", "_nodes", "_states", "_steps", "empty", "payloads")

    def __init__(
        self,
        nodes: tuple[_Node[Payload], ...],
        states: dict[frozenset[int], MatchState[Payload]],
    ) -> None:
        self._nodes = nodes
        self._states = states
        self._steps: dict[str | None, MatchState[Payload]] = {}
        self._known = {key for node in nodes for key in node.exact}
        self._globs = any(glob != "*" for node in nodes for glob in node.globs)
        # True if no pattern can match here or further down.
        self.empty = not nodes
        found = [each for node in nodes for each in node.payloads]
        # The payloads of the patterns that match here, in the order they were given.
        self.payloads = [payload for _, payload in sorted(found, key=lambda each: each[0])]

    def descend(self, key: str) -> MatchState[Payload]:
        """Return the state for a member of an object or an item of an array."""
        if self.empty:
            return self
        if self._globs:
            return self._step(key)
        # All keys that no pattern names lead to the same state.
        known = key if key in self._known else None
        state = self._steps.get(known)
        if state is None:
            state = self._steps[known] = self._step(key)
        return state

    def _step(self, key: str) -> MatchState[Payload]:
        found: list[_Node[Payload]] = []
        for node in self._nodes:
            if node.sticky:
                found.append(node)
            if exact := node.exact.get(key):
                found.append(exact)
            found += (each for glob, each in node.globs.items() if fnmatchcase(key, glob))
        return _state(_with_deep(found), self._states)


def _state(
    nodes: tuple[_Node[Payload], ...], states: dict[frozenset[int], MatchState[Payload]]
) -> MatchState[Payload]:
    identity = frozenset(map(id, nodes))
    if identity not in states:
        states[identity] = MatchState(nodes, states)
    return states[identity]


def _with_deep(nodes: Iterable[_Node[Payload]]) -> tuple[_Node[Payload], ...]:
    """Add the nodes that `**` reaches by matching zero segments."""
    found: dict[int, _Node[Payload]] = {}
    for start in nodes:
        node: _Node[Payload] | None = start
        while node is not None:
            found[id(node)] = node
            node = node.deep
    return tuple(found.values())


def initial_state(patterns: Iterable[tuple[str, Payload]]) -> MatchState[Payload]:
    """Return the state at the root of a document.

    Args:
        patterns: (pattern, payload), the most important first.
    """
    root: _Node[Payload] = _Node()
    for number, (pattern, payload) in enumerate(patterns):
        node = root
        for part in pattern.split("/")[1:]:
            node = _child(node, part)
        node.payloads.append((number, payload))
    if not (root.exact or root.globs or root.deep or root.payloads):
        return MatchState((), {})
    return _state(_with_deep([root]), {})


def _child(node: _Node[Payload], part: str) -> _Node[Payload]:
    if part == "**":
        if node.deep is None:
            node.deep = _Node()
            node.deep.sticky = True
        return node.deep
    # Only the star is special; escape brackets, which fnmatch would interpret.
    children = node.globs if "*" in part else node.exact
    name = _key(part).replace("[", "[[]") if "*" in part else _key(part)
    return children.setdefault(name, _Node())


@lru_cache(maxsize=1000)
def _state_of(pattern: str) -> MatchState[bool]:
    return initial_state([(pattern, True)])


def matching(pattern: str, path: str) -> bool:
    """Return True if the pattern matches the whole path."""
    state = _state_of(pattern)
    for part in path.split("/")[1:]:
        state = state.descend(_key(part))
    return bool(state.payloads)
