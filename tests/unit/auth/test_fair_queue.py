"""Places are shared fairly between prefixes, and between the peers of each."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.auth.fair_queue import FairQueue, QueueFull

MOST, OF_PREFIX, OF_PEER = 8, 4, 2
NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f"])

Place = tuple[str, str, int]


def queue(*places: tuple[str, str]) -> FairQueue[Place]:
    """A queue with an item at each of these places, numbered."""
    made: FairQueue[Place] = FairQueue(MOST, OF_PREFIX, OF_PEER)
    for number, (prefix, peer) in enumerate(places):
        made.put(prefix, peer, (prefix, peer, number))
    return made


def taken(items: FairQueue[Place]) -> list[Place]:
    """All items, in the order of their turns."""
    return [items.take() for _ in range(len(items))]


def test_prefixes_take_turns_and_so_do_peers() -> None:
    """One who has much waits as long as one who has little."""
    made = queue(("a", "x"), ("a", "x"), ("a", "y"), ("b", "z"), ("c", "x"))
    assert [number for *_, number in taken(made)] == [0, 3, 4, 2, 1]


def test_a_peer_has_few_places_with_a_prefix() -> None:
    """The third item of a peer is refused, though there is room for others."""
    made = queue(("a", "x"), ("a", "x"))
    with pytest.raises(QueueFull):
        made.put("a", "x", ("a", "x", 9))
    assert made.put("a", "y", ("a", "y", 9)) is None
    assert made.put("b", "x", ("b", "x", 9)) is None


def test_a_newcomer_displaces_the_last_item_of_the_peer_with_the_most() -> None:
    """A prefix that two peers have filled still has a place for a third."""
    made = queue(("a", "x"), ("a", "x"), ("a", "y"), ("a", "y"))
    assert made.put("a", "z", ("a", "z", 9)) in {("a", "x", 1), ("a", "y", 3)}
    with pytest.raises(QueueFull):
        made.put("a", "z", ("a", "z", 10))


def test_a_newcomer_displaces_an_item_of_the_prefix_with_the_most() -> None:
    """A queue that two prefixes have filled still has a place for a third."""
    both = [("a", "x"), ("a", "x"), ("a", "y"), ("a", "y")]
    made = queue(*both, *(("b", peer) for _, peer in both))
    assert made.put("c", "x", ("c", "x", 9)) is not None
    assert Counter(prefix for prefix, *_ in taken(made)) in (
        {"a": 3, "b": 4, "c": 1},
        {"a": 4, "b": 3, "c": 1},
    )


@given(st.lists(st.tuples(NAMES, NAMES), max_size=60))
def test_a_peer_with_less_than_a_fair_share_gets_in(places: list[tuple[str, str]]) -> None:
    """After any flood the bounds hold, and nothing is lost but what was displaced or refused."""
    made, waiting = queue(), set[Place]()
    for number, (prefix, peer) in enumerate(places):
        item = (prefix, peer, number)
        prefixes = Counter(each[0] for each in waiting)
        peers = Counter(each[1] for each in waiting if each[0] == prefix)
        try:
            displaced = made.put(prefix, peer, item)
        except QueueFull:
            assert (
                peers[peer] == OF_PEER
                or (prefixes[prefix] == OF_PREFIX and max(peers.values()) <= peers[peer] + 1)
                or (len(waiting) == MOST and max(prefixes.values()) <= prefixes[prefix] + 1)
            )
            continue
        waiting = (waiting | {item}) - {displaced}
        assert len(made) == len(waiting) <= MOST
        assert max(Counter(each[0] for each in waiting).values()) <= OF_PREFIX
        assert max(Counter(each[:2] for each in waiting).values()) <= OF_PEER
    assert set(taken(made)) == waiting
