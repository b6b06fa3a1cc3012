"""A peer that fails or writes too often is rejected for a while; other peers are not."""

from __future__ import annotations

import contextlib

import pytest

from passport_scorer.auth.api_keys import PresentedKey
from passport_scorer.auth.key_hashes import sha256_hash
from passport_scorer.auth.peer_limits import (
    CAPACITY,
    WINDOW,
    AnonymousWrites,
    FailedCalls,
    TooManyCalls,
)
from passport_scorer.auth.window_counts import WindowCounts
from passport_scorer.telemetry.metrics import CALLS_LIMITED
from tests.support.captured_logs import capture_logs
from tests.support.counting import Counting

LIMIT = 5
RIGHT = PresentedKey("abc", "abc.right")
WRONG = PresentedKey("abc", "abc.wrong")


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def fail(calls: FailedCalls, presented: PresentedKey, peer: str, most: int = 1000) -> int:
    """Present a wrong key until the peer is refused; return how often that was."""
    for count in range(most):
        try:
            calls.check(presented, peer)
        except TooManyCalls:
            return count
        calls.failed(presented, peer)
    return most


@pytest.fixture(name="clock")
def a_clock() -> Clock:
    """The time."""
    return Clock()


@pytest.fixture(name="calls")
def failed_calls(clock: Clock) -> FailedCalls:
    """The counter of failed calls."""
    return FailedCalls(LIMIT, clock=clock)


def test_a_peer_with_too_many_failures_is_refused_until_its_window_ends(
    calls: FailedCalls, clock: Clock
) -> None:
    """The error says how long that is."""
    assert fail(calls, WRONG, "x") == LIMIT
    clock.now += 20.5
    with pytest.raises(TooManyCalls, match=r"^You have been rate limited!$") as refused:
        calls.check(WRONG, "x")
    assert refused.value.retry_after == 40
    clock.now += WINDOW
    assert fail(calls, WRONG, "x") == LIMIT
    clock.now -= 3600  # the clock was corrected
    assert fail(calls, WRONG, "x") == LIMIT


def test_other_peers_are_not_rejected(calls: FailedCalls) -> None:
    """Neither another peer with the same key prefix, nor the same peer with another one."""
    assert fail(calls, WRONG, "x") == LIMIT
    calls.check(RIGHT, "y")
    calls.check(PresentedKey("def", "def.key"), "x")


def test_a_peer_that_tries_many_prefixes_is_refused(calls: FailedCalls) -> None:
    """Unknown prefixes don't add up to more than twice the limit."""
    for number in range(2 * LIMIT):
        assert fail(calls, PresentedKey(f"p{number}", f"p{number}.x"), "x", most=1) == 1
    with pytest.raises(TooManyCalls):
        calls.check(RIGHT, "x")
    calls.check(RIGHT, "y")


@pytest.mark.parametrize("stored", [None, sha256_hash(RIGHT.key)])
def test_a_key_that_was_right_lately_is_let_through(calls: FailedCalls, stored: str | None) -> None:
    """Also where its peer is refused: a flood can't lock out those behind the same address."""
    calls.succeeded(RIGHT, stored)
    assert fail(calls, WRONG, "x") == LIMIT
    calls.check(RIGHT, "x")
    with pytest.raises(TooManyCalls):
        calls.check(WRONG, "x")


def test_a_key_that_took_the_place_of_another_is_the_one_that_counts(calls: FailedCalls) -> None:
    """The last valid key of a prefix is cached."""
    calls.succeeded(WRONG, None)
    calls.succeeded(RIGHT, None)
    fail(calls, WRONG, "x")
    calls.check(RIGHT, "x")


def test_a_key_that_is_no_longer_right_does_not_pass(calls: FailedCalls) -> None:
    """A key that was revoked fails as often as any other wrong key."""
    calls.succeeded(RIGHT, None)
    assert fail(calls, RIGHT, "x") == LIMIT


def test_no_limit(clock: Clock) -> None:
    """0 means no limit."""
    assert fail(FailedCalls(0, clock=clock), WRONG, "x") == 1000
    writes = AnonymousWrites(0, clock=clock)
    for _ in range(1000):
        writes.count("x")


def test_writes_are_limited_by_peer(clock: Clock) -> None:
    """The limit is per minute; refused writes don't count."""
    writes = AnonymousWrites(LIMIT, clock=clock)
    for peer in ("x", "y"):
        for _ in range(LIMIT):
            writes.count(peer)
    for _ in range(3):
        with pytest.raises(TooManyCalls) as refused:
            writes.count("x")
        assert refused.value.retry_after == WINDOW
    clock.now += WINDOW
    writes.count("x")


def test_refusals_are_counted_and_logged_once(clock: Clock) -> None:
    """One event for each peer and window, without the secret; the metric has few labels."""
    counting = Counting()
    calls = FailedCalls(LIMIT, counting, clock)
    writes = AnonymousWrites(LIMIT, counting, clock)
    with capture_logs() as logs:
        for _ in range(3):
            fail(calls, WRONG, "x")
        for _ in range(LIMIT + 2):
            with contextlib.suppress(TooManyCalls):
                writes.count("x")
    assert logs == [
        {
            "event": "peer_limited",
            "log_level": "warning",
            "reason": "failed_calls",
            "peer": "x",
            "api_key_prefix": "abc",
        },
        {
            "event": "peer_limited",
            "log_level": "warning",
            "reason": "anonymous_writes",
            "peer": "x",
        },
    ]
    assert counting.counted[CALLS_LIMITED.name, "failed_calls"] == 3
    assert counting.counted[CALLS_LIMITED.name, "anonymous_writes"] == 2


def test_memory_is_bounded(clock: Clock) -> None:
    """The most recent peers are kept."""
    counts = WindowCounts(clock, CAPACITY)
    for number in range(CAPACITY + 10):
        counts.add(number, WINDOW)
    assert len(counts) == CAPACITY
    assert counts.wait(5, 1) is None
    assert counts.wait(CAPACITY, 1) == WINDOW
