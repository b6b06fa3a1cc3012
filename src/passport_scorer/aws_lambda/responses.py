"""Converts an HTTP response to the format that the sender of an event expects."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import Any

import msgspec

from passport_scorer.api.http.error_help import STATUSES, help_target
from passport_scorer.api.http.response_headers import EXPOSED_HEADERS, answer_headers
from passport_scorer.aws_lambda.events import ResponseFormat
from passport_scorer.telemetry.correlation import CORRELATION, correlation_of

# Beyond this, a load balancer responds with 502 and no reason.
LONGEST_FOR_LOAD_BALANCER = 1_000_000
_TEXT = ("application/json", "text/")
_JSON = msgspec.json.Encoder()


class HttpResponse(msgspec.Struct, frozen=True):
    """An HTTP response.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
        body: the bytes to send.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def is_text(self) -> bool:
        """True if the body is UTF-8, which needs no base64 in JSON."""
        said = dict(self.headers)
        kind = said.get(b"content-type", b"").decode("latin-1")
        is_plain = kind.startswith(_TEXT) and b"content-encoding" not in said
        return not self.body or is_plain


def detail_response(code: str, sentence: str, root: str = "") -> HttpResponse:
    """Return an error response like those of the applications.

    Args:
        code: of the error; determines the status.
        sentence: for people.
        root: the path prefix of the service.
    """
    status = STATUSES[code]
    body = _JSON.encode({"detail": sentence})
    named = {
        "content-type": "application/json",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": ", ".join(EXPOSED_HEADERS),
        "link": f'<{help_target(root, status, code)}>; rel="help"',
    }
    named |= {"retry-after": "1"} if status == 503 else {}
    own = [(name.encode(), text.encode()) for name, text in named.items()]
    correlation = CORRELATION.get() or correlation_of(())
    return HttpResponse(status, answer_headers(correlation, own), body)


def event_response(answer: HttpResponse, shape: ResponseFormat) -> dict[str, Any]:
    """Return the result of the function for an event of this format."""
    body, is_base64 = _body(answer)
    result: dict[str, Any] = {
        "statusCode": answer.status,
        "body": body,
        "isBase64Encoded": is_base64,
    }
    values: dict[str, list[str]] = {}
    for name, value in answer.headers:
        values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    if shape is ResponseFormat.MULTI_VALUE:
        result["multiValueHeaders"] = values
    else:
        result["headers"] = {name: ", ".join(several) for name, several in values.items()}
    if shape is not ResponseFormat.FORMAT_2:
        result["statusDescription"] = _described(answer.status)
    return result


def is_too_long(result: dict[str, Any], shape: ResponseFormat) -> bool:
    """Return True if the sender of the event would reject this response as too long."""
    longest = LONGEST_FOR_LOAD_BALANCER
    return shape is not ResponseFormat.FORMAT_2 and len(_JSON.encode(result)) > longest


def _body(answer: HttpResponse) -> tuple[str, bool]:
    if answer.is_text:
        try:
            return answer.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(answer.body).decode(), True


def _described(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
