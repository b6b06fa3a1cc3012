"""Which request and which trace something belongs to, as the caller says."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.telemetry.correlation import correlation_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{PARENT}-01"


def test_the_callers_trace_continues() -> None:
    """The trace is that of a well-formed `traceparent`; the parent is another one, unrecorded."""
    headers = [(b"host", b"a"), (b"traceparent", GOOD.encode())]
    correlation = correlation_of(headers)
    assert correlation.trace_id == TRACE
    assert re.fullmatch(f"00-{TRACE}-(?!{PARENT})[0-9a-f]{{16}}-00", correlation.traceparent)


def test_the_span_that_is_recorded_comes_first() -> None:
    """A trace context that the tracer took from the caller isn't read a second time."""
    span = f"00-{TRACE[::-1]}-{PARENT}-01"
    assert correlation_of([(b"traceparent", GOOD.encode())], span).traceparent == span


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
    """A malformed value is dropped, and each request gets ids of its own."""
    headers = [(b"traceparent", traceparent.encode())]
    one, other = correlation_of(headers), correlation_of(headers)
    assert len({one.trace_id, other.trace_id, TRACE}) == 3
    assert len({one.request_id, other.request_id}) == 2
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", one.traceparent)
    assert re.fullmatch("[0-9a-f]{32}", one.request_id)


@pytest.mark.parametrize(
    "request_id",
    [b"1", b"x" * 128, b"0b0c7e4a-6f0a-4b7a-8d86-f3f0f8a4d9b1", b"Root=1-67891233-abc:/@~+._"],
)
def test_the_callers_request_id_is_taken_over(request_id: bytes) -> None:
    """As it was sent, so that it can be found in the caller's log and in ours."""
    assert correlation_of([(b"x-request-id", request_id)]).request_id == request_id.decode()


@given(st.binary().filter(lambda sent: not re.fullmatch(rb"[\w.~+/=:@-]{1,128}", sent)))
def test_any_other_request_id_is_replaced(request_id: bytes) -> None:
    """An id that is long, or could inject into a log or a page, is replaced."""
    assert re.fullmatch("[0-9a-f]{32}", correlation_of([(b"x-request-id", request_id)]).request_id)


FORKS = """
import os
from passport_scorer.telemetry.correlation import correlation_of
for _ in range(3):
    if os.fork() == 0:
        print(correlation_of(()).request_id, flush=True)
        os._exit(0)
    os.wait()
"""


def test_workers_have_ids_of_their_own() -> None:
    """Processes that are forked from one parent do not repeat each other's ids."""
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True)
    assert len(set(done.stdout.split())) == 3
