"""Aggregation of exchanges: quantiles, timelines, positions, verdicts."""

from __future__ import annotations

import math
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.tools.shadow.comparison.responses import ReceivedResponse
from passport_scorer.tools.shadow.comparison.rules import Part, Rule, Rulebook
from passport_scorer.tools.shadow.exchanges import Failure, Request
from passport_scorer.tools.shadow.latencies import LatencyHistogram, Timeline
from passport_scorer.tools.shadow.recorder import NO_CONTROL, Recorder
from passport_scorer.tools.shadow.replay import Position
from passport_scorer.tools.shadow.slowness import ALL_ENDPOINTS
from passport_scorer.tools.shadow.tally import Tally
from passport_scorer.tools.shadow.verdict import judge

SECONDS = st.floats(min_value=1e-4, max_value=60)


@given(st.lists(SECONDS, min_size=1, max_size=60), st.sampled_from([0.01, 0.5, 0.9, 0.99, 1.0]))
def test_quantiles(seconds: list[float], share: float) -> None:
    """The error of a quantile is at most 10 %."""
    latencies = LatencyHistogram()
    for each in seconds:
        latencies.add(each)
    exact = sorted(seconds)[math.ceil(share * len(seconds)) - 1]
    found = latencies.quantile(share)
    assert found is not None
    assert exact * 0.999 <= found <= exact * 1.1001


def test_no_answers_have_no_quantiles() -> None:
    """An empty histogram has no quantiles."""
    assert LatencyHistogram().quantile(0.5) is None


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=80))
def test_timelines(times: list[int]) -> None:
    """A timeline counts all events in bounded memory, in any order."""
    line = Timeline()
    for each in times:
        line.add(each)
    assert sum(line.counts) == len(times)
    assert len(line.counts) <= 48
    assert line.start is not None
    assert line.start <= min(times)
    assert max(times) < line.start + line.width * len(line.counts)


@given(st.integers(1, 30), st.integers(1, 6), st.randoms(use_true_random=False))
def test_positions(count: int, workers: int, chance: random.Random) -> None:
    """A resumed replay does every line exactly once, with several in flight."""
    position, in_flight, next_one, done = Position(), set[int](), 1, list[int]()
    for _ in range(chance.randint(0, 2 * count)):
        while len(in_flight) < workers and next_one <= count:
            in_flight.add(next_one)
            next_one += 1
        if not in_flight:
            break
        number = chance.choice(sorted(in_flight))
        in_flight.discard(number)
        position.finish(number, in_flight)
        done.append(number)
    kept = msgspec.json.decode(msgspec.json.encode(position), type=Position)
    left = [n for n in range(kept.done + 1, count + 1) if n not in kept.beyond]
    assert sorted(done + left) == list(range(1, count + 1))
    assert len(kept.beyond) <= count


def recorded(
    count: int, slow: int, rulebook: Rulebook, *, endpoints: int = 1, fast: int = 0
) -> Tally:
    """Return a tally of equal responses, some of them slow on either side."""
    tally = Tally(began=0.0)
    recorder = Recorder(rulebook, tally)
    for number in range(count):
        for endpoint in range(endpoints):
            control = ReceivedResponse(200, (), b"{}", 2.0 if number < fast else 0.02)
            candidate = ReceivedResponse(200, (), b"{}", 0.9 if count - number <= slow else 0.021)
            request = Request("GET", "/" + "abcdefgh"[endpoint], time=float(number))
            recorder.exchange(request, control, candidate)
    return tally


def test_slow_answers_are_found() -> None:
    """One slow response in a hundred is significant; a few on both sides are not."""
    book = Rulebook()
    (found,) = judge(recorded(1000, 10, book), book).unexplained
    assert (found.part, found.count, found.first) == (Part.LATENCY, 10, 990.0)
    assert judge(recorded(1000, 10, book, fast=10), book).same
    assert judge(recorded(1000, 4, book), book).same


def test_many_slow_endpoints_are_one_difference() -> None:
    """Slowness at many endpoints is one difference, even if slight at each."""
    book = Rulebook()
    for slow in (10, 4):
        (found,) = judge(recorded(1000, slow, book, endpoints=8), book).unexplained
        assert (found.endpoint, found.count) == (ALL_ENDPOINTS, 8 * slow)
        assert sum(found.timeline.counts) == 8 * slow


def test_slowness_can_be_expected() -> None:
    """A rule for the part latency expects slowness, and is counted."""
    rule = Rule(name="slow", reason="for a test", part=Part.LATENCY)
    book = Rulebook(rule=(rule,))
    verdict = judge(recorded(1000, 10, book), book)
    assert verdict.same
    assert [(each.name, each.count) for each in verdict.rules] == [("slow", 10)]


def test_answers_that_do_not_come() -> None:
    """A missing response is a difference for the candidate, but not for the control."""
    tally, book = Tally(began=0.0), Rulebook()
    recorder = Recorder(book, tally)
    good, bad = ReceivedResponse(200, (), b"{}"), Failure("no connection")
    recorder.exchange(Request("GET", "/x"), bad, good)
    assert (tally.notes, tally.compared) == ({NO_CONTROL: 1}, 0)
    assert not judge(tally, book).same
    recorder.exchange(Request("GET", "/x"), good, bad)
    (found,) = judge(tally, book).unexplained
    assert (found.kind, tally.different) == ("no_answer", 1)


def test_memory_is_bounded() -> None:
    """Memory is bounded for any number of paths and classes, and all differences are counted."""
    tally, book = Tally(began=0.0), Rulebook()
    recorder = Recorder(book, tally)
    for number in range(3000):
        body = b'{"k%d": 1}' % number
        path = "/" + "".join(chr(97 + int(digit)) for digit in str(number))
        recorder.exchange(
            Request("GET", path, time=float(number)),
            ReceivedResponse(200, (), body),
            ReceivedResponse(200, (), b"{}"),
        )
    assert tally.different == 3000
    assert sum(each.count for each in tally.classes.values()) == 3000
    assert len(tally.endpoints) <= 301
    assert len(tally.classes) <= 1001
    assert len(msgspec.json.encode(tally)) < 1_000_000


@pytest.mark.parametrize("count", [1, 7])
def test_counts_of_one_class(count: int) -> None:
    """A class counts occurrences and exchanges and keeps a few examples."""
    tally, book = Tally(began=0.0), Rulebook()
    recorder = Recorder(book, tally)
    for number in range(count):
        recorder.exchange(
            Request("GET", "/x", time=float(number)),
            ReceivedResponse(200, (), b"[1, 2, 3]"),
            ReceivedResponse(200, (), b"[1, 4, 5]"),
        )
    (found,) = tally.classes.values()
    assert (found.pattern, found.count, found.exchanges) == ("/*", 2 * count, count)
    assert (found.first, found.last) == (0.0, float(count - 1))
    assert len(found.examples) <= 5
    assert tally.first_difference == found.examples[0]
    assert found.examples[0].pointer == "/1"
