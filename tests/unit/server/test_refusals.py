"""Answers of the server itself, and their log events."""

from __future__ import annotations

from typing import Any

import httptools
import pytest

from passport_scorer.api.http.host_header import NO_CLEAR_HOST
from passport_scorer.server.http_exchange import REASONS, refused_response, service_busy
from passport_scorer.server.refusals import Refusals
from passport_scorer.telemetry.correlation import correlation_of
from passport_scorer.telemetry.metrics import NO_METRICS
from tests.support.captured_logs import capture_logs

ASKED = correlation_of([(b"x-request-id", b"mine")])
IN_ALL = {
    b"x-request-id": b"mine",
    b"cache-control": b"no-store",
    b"access-control-allow-origin": b"*",
}


class Parsed:
    """A response, as a client reads it."""

    def __init__(self, response: bytes) -> None:
        self.headers: dict[bytes, bytes] = {}
        self.body = b""
        self.is_complete = False
        parser = httptools.HttpResponseParser(self)
        parser.feed_data(response)
        self.status = parser.get_status_code()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_complete = True


@pytest.mark.parametrize("status", REASONS)
def test_a_refusal_is_a_whole_answer(status: int) -> None:
    """It names its request like any other answer, and ends the connection."""
    answer = Parsed(refused_response(status, "any", ASKED))
    assert (answer.status, answer.is_complete) == (status, True)
    assert answer.headers.items() >= {**IN_ALL, b"connection": b"close"}.items()
    assert answer.headers[b"traceparent"] == ASKED.traceparent.encode()
    assert (b"retry-after" in answer.headers) is (status == 503)
    assert REASONS[status].encode() in answer.body
    assert answer.headers[b"link"].startswith(b"</errors#")


def test_a_refusal_may_say_more() -> None:
    """Where the status alone doesn't tell what to do, the reason does."""
    answer = Parsed(refused_response(400, "no_clear_host", ASKED, "/scorer"))
    assert NO_CLEAR_HOST.encode() in answer.body
    assert answer.headers[b"link"] == b'</scorer/errors#no_clear_host>; rel="help"'


async def test_a_busy_service_names_the_request() -> None:
    """Also what no application has seen."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    await service_busy({"headers": [(b"x-request-id", b"mine")]}, receive, send)
    assert sent[0]["status"] == 503
    assert dict(sent[0]["headers"]).items() >= {**IN_ALL, b"retry-after": b"1"}.items()


def test_the_log_names_the_last_of_each_reason() -> None:
    """One line per reason, with the request id of its last answer, if any was answered."""
    refusals = Refusals("public", NO_METRICS)
    for reason in ("not_http", "not_http", "no_request"):
        refusals.note(reason)
    refusals.answered("not_http", correlation_of(()))
    refusals.answered("not_http", ASKED)
    with capture_logs() as lines:
        refusals.report(0.0)
    assert {line["reason"]: line.get("request_id") for line in lines} == {
        "not_http": "mine",
        "no_request": None,
    }
    assert [line["count"] for line in lines] == [2, 1]
