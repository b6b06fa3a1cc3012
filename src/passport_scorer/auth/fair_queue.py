"""A bounded queue that is fair between prefixes, and between the peers of a prefix.

Prefixes take turns, and so do the peers of each prefix (round robin). If the queue or a prefix is
full, a new item displaces the last item of the prefix or peer with the most items, provided that
the newcomer has fewer: a flood on one prefix, or from one peer, can't starve the others.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class QueueFull(Exception):
    """The queue has no slot left for this prefix and peer."""


class FairQueue(Generic[Item]):
    """A fair queue.

    Args:
        max_items: maximum number of items.
        max_per_prefix: maximum number of items of one prefix.
        max_per_peer: maximum number of items of one peer with one prefix.
    """

    def __init__(self, max_items: int, max_per_prefix: int, max_per_peer: int) -> None:
        self._max_items = max_items
        self._max_per_prefix = max_per_prefix
        self._max_per_peer = max_per_peer
        self._prefixes: OrderedDict[str, OrderedDict[str, deque[Item]]] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of items."""
        return sum(map(_items, self._prefixes.values()))

    def put(self, prefix: str, peer: str, item: Item) -> Item | None:
        """Add an item; return the one it displaces, if any.

        Raises:
            QueueFull: there is no slot left for it.
        """
        peers = self._prefixes.get(prefix, OrderedDict())
        own = len(peers.get(peer, ()))
        if own >= self._max_per_peer:
            raise QueueFull
        displaced = None
        if _items(peers) >= self._max_per_prefix:
            if max(map(len, peers.values())) <= own + 1:
                raise QueueFull
            displaced = self._displaced(prefix)
        elif len(self) >= self._max_items:
            fullest = max(self._prefixes, key=lambda each: _items(self._prefixes[each]))
            if _items(self._prefixes[fullest]) <= _items(peers) + 1:
                raise QueueFull
            displaced = self._displaced(fullest)
        self._prefixes.setdefault(prefix, OrderedDict()).setdefault(peer, deque()).append(item)
        return displaced

    def take(self) -> Item:
        """Remove and return the next item.

        Raises:
            KeyError: the queue is empty.
        """
        prefix, peers = self._prefixes.popitem(last=False)
        peer, items = peers.popitem(last=False)
        item = items.popleft()
        if items:
            peers[peer] = items
        if peers:
            self._prefixes[prefix] = peers
        return item

    def _displaced(self, prefix: str) -> Item:
        """Remove the last item of the peer with the most items of a prefix."""
        peers = self._prefixes[prefix]
        fullest = max(peers, key=lambda each: len(peers[each]))
        item = peers[fullest].pop()
        if not peers[fullest]:
            del peers[fullest]
        if not peers:
            del self._prefixes[prefix]
        return item


def _items(peers: OrderedDict[str, deque[Item]]) -> int:
    return sum(map(len, peers.values()))
