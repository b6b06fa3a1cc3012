"""A bounded queue that is shared fairly between prefixes, and within each between peers.

Takes turns over prefixes, and over the peers of each prefix. A newcomer to a full queue, or to a
full prefix, displaces the last item of whoever holds the most places, if that is more than the
newcomer would hold: no flood on one prefix, or from one peer, can shut out the others.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class QueueFull(Exception):
    """There is no place for this prefix and peer."""


class FairQueue(Generic[Item]):
    """Items that wait for their turn.

    Args:
        most: items of all prefixes.
        most_of_prefix: items of one prefix.
        most_of_peer: items of one peer with one prefix.
    """

    def __init__(self, most: int, most_of_prefix: int, most_of_peer: int) -> None:
        self._most = most
        self._most_of_prefix = most_of_prefix
        self._most_of_peer = most_of_peer
        self._prefixes: OrderedDict[str, OrderedDict[str, deque[Item]]] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of items."""
        return sum(map(_items, self._prefixes.values()))

    def put(self, prefix: str, peer: str, item: Item) -> Item | None:
        """Add an item; return the one that it displaces, if any.

        Raises:
            QueueFull: there is no place for it.
        """
        peers = self._prefixes.get(prefix, OrderedDict())
        own = len(peers.get(peer, ()))
        if own >= self._most_of_peer:
            raise QueueFull
        displaced = None
        if _items(peers) >= self._most_of_prefix:
            if max(map(len, peers.values())) <= own + 1:
                raise QueueFull
            displaced = self._displaced(prefix)
        elif len(self) >= self._most:
            fullest = max(self._prefixes, key=lambda each: _items(self._prefixes[each]))
            if _items(self._prefixes[fullest]) <= _items(peers) + 1:
                raise QueueFull
            displaced = self._displaced(fullest)
        self._prefixes.setdefault(prefix, OrderedDict()).setdefault(peer, deque()).append(item)
        return displaced

    def take(self) -> Item:
        """Remove and return the item whose turn it is.

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
        """Remove the last item of the peer that has the most with a prefix."""
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
