"""When a dependency that has failed may be called again."""

from __future__ import annotations

import pytest

from passport_scorer.auth.circuit_breaker import CircuitBreaker


class Clock:
    """Seconds that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        """Return them."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    """Open for 10 seconds; a probe takes up to 2."""
    return CircuitBreaker(10, 2, clock)


def test_a_closed_circuit_allows_every_call(breaker: CircuitBreaker) -> None:
    """Success changes nothing while all is well."""
    assert [breaker.allows_call() for _ in range(3)] == [True] * 3
    assert breaker.record_success() is False


def test_a_failure_opens_the_circuit(breaker: CircuitBreaker, clock: Clock) -> None:
    """No call is allowed before the time is over."""
    breaker.record_failure()
    clock.now += 9.9
    assert breaker.allows_call() is False


def test_one_call_probes(breaker: CircuitBreaker, clock: Clock) -> None:
    """The others wait for its result, or for the end of its time."""
    breaker.record_failure()
    clock.now += 10
    assert [breaker.allows_call() for _ in range(3)] == [True, False, False]
    clock.now += 2
    assert breaker.allows_call() is True


def test_a_probe_that_fails_opens_the_circuit_again(breaker: CircuitBreaker, clock: Clock) -> None:
    """As long as the first failure did."""
    breaker.record_failure()
    clock.now += 10
    assert breaker.allows_call()
    breaker.record_failure()
    clock.now += 9.9
    assert breaker.allows_call() is False


def test_a_probe_that_succeeds_closes_the_circuit(breaker: CircuitBreaker, clock: Clock) -> None:
    """The log says it once."""
    breaker.record_failure()
    clock.now += 10
    assert breaker.allows_call()
    assert [breaker.record_success(), breaker.record_success()] == [True, False]
    assert [breaker.allows_call() for _ in range(3)] == [True] * 3
