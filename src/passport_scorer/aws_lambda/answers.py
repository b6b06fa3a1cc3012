"""From an HTTP answer to what the sender of an event understands."""

from __future__ import annotations

import base64
from http import HTTPStatus
from typing import Any

import msgspec

from passport_scorer.api.http.error_help import STATUSES, help_target
from passport_scorer.api.http.response_headers import EXPOSED_HEADERS, answer_headers
from passport_scorer.aws_lambda.events import AnswerShape
from passport_scorer.telemetry.correlation import CORRELATION, correlation_of

# Beyond that a load balancer answers 502 by itself, and nobody knows why.
LONGEST_FOR_LOAD_BALANCER = 1_000_000
_TEXT = ("application/json", "text/")
_JSON = msgspec.json.Encoder()


class HttpAnswer(msgspec.Struct, frozen=True):
    """An HTTP answer.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
        body: as it is to be sent.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def is_text(self) -> bool:
        """Whether the body is UTF-8, which may stand in JSON as it is."""
        said = dict(self.headers)
        kind = said.get(b"content-type", b"").decode("latin-1")
        is_plain = kind.startswith(_TEXT) and b"content-encoding" not in said
        return not self.body or is_plain


def detail_answer(code: str, sentence: str, root: str = "") -> HttpAnswer:
    """Return an answer like those of the applications to an error.

    Args:
        code: of the error; it decides on the status.
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
    return HttpAnswer(status, answer_headers(correlation, own), body)


def event_answer(answer: HttpAnswer, shape: AnswerShape) -> dict[str, Any]:
    """Return what a function answers an event of this shape with."""
    body, is_base64 = _body(answer)
    result: dict[str, Any] = {
        "statusCode": answer.status,
        "body": body,
        "isBase64Encoded": is_base64,
    }
    values: dict[str, list[str]] = {}
    for name, value in answer.headers:
        values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    if shape is AnswerShape.MULTI_VALUE:
        result["multiValueHeaders"] = values
    else:
        result["headers"] = {name: ", ".join(several) for name, several in values.items()}
    if shape is not AnswerShape.FORMAT_2:
        result["statusDescription"] = _described(answer.status)
    return result


def is_too_long(result: dict[str, Any], shape: AnswerShape) -> bool:
    """Whether the sender of the event would refuse this answer."""
    longest = LONGEST_FOR_LOAD_BALANCER
    return shape is not AnswerShape.FORMAT_2 and len(_JSON.encode(result)) > longest


def _body(answer: HttpAnswer) -> tuple[str, bool]:
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
