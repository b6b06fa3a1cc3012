"""Patterns of JSON pointers, and finding those that a place matches while walking down.

`/stamps/*/id`: `*` is any one segment, also as a part of one (`/ratelimit*`); `**` is any
number of segments. `~1` and `~0` stand for `/` and `~`, as in JSON pointers.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Generic, TypeVar

Meaning = TypeVar("Meaning")


def segment(key: str | int) -> str:
    """Write a key as a segment of a pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def _key(text: str) -> str:
    return text.replace("~1", "/").replace("~0", "~")


class _Node(Generic[Meaning]):
    """A place in the tree of all patterns."""

    def __init__(self) -> None:
        self.exact: dict[str, _Node[Meaning]] = {}
        self.globs: dict[str, _Node[Meaning]] = {}
        self.deep: _Node[Meaning] | None = None
        self.sticky = False
        self.meanings: list[tuple[int, Meaning]] = []


class Place(Generic[Meaning]):
    """Where a walk stands: what it has matched so far. There are few, and each is made once."""

    __slots__ = ("_globs", "_known", "_made", "_nodes", "_steps", "empty", "meanings")

    def __init__(
        self,
        nodes: tuple[_Node[Meaning], ...],
        made: dict[frozenset[int], Place[Meaning]],
    ) -> None:
        self._nodes = nodes
        self._made = made
        self._steps: dict[str | None, Place[Meaning]] = {}
        self._known = {key for node in nodes for key in node.exact}
        self._globs = any(glob != "*" for node in nodes for glob in node.globs)
        # True if no pattern matches here or below.
        self.empty = not nodes
        found = [each for node in nodes for each in node.meanings]
        # What the patterns that match here mean, in the order they were given.
        self.meanings = [meaning for _, meaning in sorted(found, key=lambda each: each[0])]

    def below(self, key: str) -> Place[Meaning]:
        """Go down to a member of an object, or an item of an array."""
        if self.empty:
            return self
        if self._globs:
            return self._step(key)
        # All keys that no pattern names lead to the same place.
        known = key if key in self._known else None
        place = self._steps.get(known)
        if place is None:
            place = self._steps[known] = self._step(key)
        return place

    def _step(self, key: str) -> Place[Meaning]:
        found: list[_Node[Meaning]] = []
        for node in self._nodes:
            if node.sticky:
                found.append(node)
            if exact := node.exact.get(key):
                found.append(exact)
            found += (each for glob, each in node.globs.items() if fnmatchcase(key, glob))
        return _place(_with_deep(found), self._made)


def _place(
    nodes: tuple[_Node[Meaning], ...], made: dict[frozenset[int], Place[Meaning]]
) -> Place[Meaning]:
    identity = frozenset(map(id, nodes))
    if identity not in made:
        made[identity] = Place(nodes, made)
    return made[identity]


def _with_deep(nodes: Iterable[_Node[Meaning]]) -> tuple[_Node[Meaning], ...]:
    """Add what `**` with no segments at all leads to."""
    found: dict[int, _Node[Meaning]] = {}
    for start in nodes:
        node: _Node[Meaning] | None = start
        while node is not None:
            found[id(node)] = node
            node = node.deep
    return tuple(found.values())


def root_place(patterns: Iterable[tuple[str, Meaning]]) -> Place[Meaning]:
    """Return the place at the top of a document, before any step down.

    Args:
        patterns: pattern -> what it means, in the order of their importance.
    """
    root: _Node[Meaning] = _Node()
    for number, (pattern, meaning) in enumerate(patterns):
        node = root
        for part in pattern.split("/")[1:]:
            node = _child(node, part)
        node.meanings.append((number, meaning))
    if not (root.exact or root.globs or root.deep or root.meanings):
        return Place((), {})
    return _place(_with_deep([root]), {})


def _child(node: _Node[Meaning], part: str) -> _Node[Meaning]:
    if part == "**":
        if node.deep is None:
            node.deep = _Node()
            node.deep.sticky = True
        return node.deep
    # A bracket is a character like any other in a key; only the star is special.
    children = node.globs if "*" in part else node.exact
    name = _key(part).replace("[", "[[]") if "*" in part else _key(part)
    return children.setdefault(name, _Node())


@lru_cache(maxsize=1000)
def _place_of(pattern: str) -> Place[bool]:
    return root_place([(pattern, True)])


def matching(pattern: str, path: str) -> bool:
    """Return True if the pattern matches a whole path."""
    place = _place_of(pattern)
    for part in path.split("/")[1:]:
        place = place.below(_key(part))
    return bool(place.meanings)
