"""The wait after failures."""

from passport_scorer.catalogue.backoff import ExponentialBackoff


def test_delays_double_up_to_a_maximum() -> None:
    """A success starts over."""
    backoff = ExponentialBackoff(1, 5)
    assert [backoff.next_delay() for _ in range(5)] == [1, 2, 4, 5, 5]
    backoff.reset()
    assert backoff.next_delay() == 1
