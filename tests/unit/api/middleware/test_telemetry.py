"""Every request ends in an answer, or in an error that the server must hear of."""

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from passport_scorer.api.middleware.telemetry import RequestTelemetry
from passport_scorer.telemetry import NO_TELEMETRY

SCOPE: Scope = {"type": "http", "method": "GET", "scheme": "http", "path": "/", "headers": []}


async def _fails(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError


async def _fails_in_the_middle(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError


async def _asked(application: ASGIApp, sent: list[Message]) -> None:
    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    await RequestTelemetry(application, NO_TELEMETRY)(dict(SCOPE), receive, send)


async def test_what_fails_is_answered() -> None:
    """The caller gets a whole answer."""
    sent: list[Message] = []
    await _asked(_fails, sent)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 500


async def test_half_an_answer_is_broken_off() -> None:
    """There is no second answer behind the first; the server hears of the error."""
    sent: list[Message] = []
    with pytest.raises(RuntimeError):
        await _asked(_fails_in_the_middle, sent)
    assert [message["status"] for message in sent] == [200]
