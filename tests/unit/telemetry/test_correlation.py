"""Which trace a request belongs to, as its caller says."""

from __future__ import annotations

import pytest

from passport_scorer.telemetry.correlation import trace_id_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


def test_the_callers_trace_goes_on() -> None:
    """The id is taken from a well-formed `traceparent`."""
    headers = [(b"host", b"a"), (b"traceparent", f"00-{TRACE}-{PARENT}-01".encode())]
    assert trace_id_of(headers) == TRACE


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-01\n",
        f"{TRACE}",
    ],
)
def test_any_other_is_a_new_trace(traceparent: str) -> None:
    """What is malformed is not taken over, and each request gets an id of its own."""
    headers = [(b"traceparent", traceparent.encode())]
    one, other = trace_id_of(headers), trace_id_of(headers)
    assert len(one) == len(other) == 32
    assert len({one, other, TRACE}) == 3
    assert int(one, 16)
