"""Converts the event of a function call to the HTTP request in it.

There are two formats: that of load balancers, with single- or multi-value headers, and payload
format 2.0, of function URLs and API Gateway. The path is percent-encoded in all of them except
API Gateway's, which decodes it; the query is never decoded.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from urllib.parse import quote, unquote_to_bytes

import msgspec

from passport_scorer.domain.errors import PassportScorerError

# Characters that stay as they are in a URL, percent-encoded ones included.
_PATH = "/%:@!$&'()*+,;=~"
_NAME = "%:@!$'()*+,;~/?"
_VALUE = _NAME + "="

Headers = list[tuple[bytes, bytes]]


class UnknownEvent(PassportScorerError):
    """The event is not an HTTP request from a load balancer, function URL or API Gateway."""

    code = "unknown_event"


class UnreadableBody(PassportScorerError):
    """The body of the event is marked as base64 but cannot be decoded."""

    code = "unreadable_body"


class ResponseFormat(Enum):
    """The format in which the sender of an event expects the response."""

    SINGLE_VALUE = "load balancer, one value for each header"
    MULTI_VALUE = "load balancer, several values for a header"
    FORMAT_2 = "payload format 2.0"


class HttpRequest(msgspec.Struct, frozen=True):
    """An HTTP request.

    Attributes:
        method: in capital letters.
        path: percent-encoded.
        query: percent-encoded, without the question mark.
        headers: names in lower case.
        body: decoded.
        client: the address that the load balancer or API Gateway was called from.
        response_format: how its response is sent.
        target_group: the name of the load balancer's target group; None: no load balancer.
    """

    method: str
    path: bytes
    query: bytes
    headers: Headers
    body: bytes
    client: str
    response_format: ResponseFormat
    target_group: str | None = None


class _LoadBalancer(msgspec.Struct, frozen=True):
    target_group: str = msgspec.field(name="targetGroupArn")


class _FromLoadBalancer(msgspec.Struct, frozen=True):
    elb: _LoadBalancer


class _LoadBalancerEvent(msgspec.Struct, frozen=True, rename="camel"):
    request_context: _FromLoadBalancer
    http_method: str
    path: str
    query_string_parameters: dict[str, str] | None = None
    multi_value_query_string_parameters: dict[str, list[str]] | None = None
    headers: dict[str, str] | None = None
    multi_value_headers: dict[str, list[str]] | None = None
    body: str | None = None
    is_base64_encoded: bool = False


class _Http(msgspec.Struct, frozen=True, rename="camel"):
    method: str
    source_ip: str = ""


class _Format2Context(msgspec.Struct, frozen=True, rename="camel"):
    http: _Http
    domain_name: str = ""
    stage: str = "$default"


class _Format2Event(msgspec.Struct, frozen=True, rename="camel"):
    request_context: _Format2Context
    raw_path: str
    raw_query_string: str = ""
    headers: dict[str, str] | None = None
    cookies: list[str] | None = None
    body: str | None = None
    is_base64_encoded: bool = False


def read_event(event: object) -> HttpRequest:
    """Return the request that an event stands for.

    Raises:
        UnknownEvent: it stands for none.
        UnreadableBody: its body can't be decoded.
    """
    context = event.get("requestContext") if isinstance(event, dict) else None
    if not isinstance(context, dict):
        raise UnknownEvent
    try:
        if "elb" in context:
            return _from_load_balancer(msgspec.convert(event, _LoadBalancerEvent))
        return _from_format_2(msgspec.convert(event, _Format2Event))
    except msgspec.ValidationError:
        raise UnknownEvent from None


def _from_load_balancer(event: _LoadBalancerEvent) -> HttpRequest:
    several = event.multi_value_headers is not None
    headers = _headers(event.multi_value_headers or _listed(event.headers))
    parameters = event.multi_value_query_string_parameters or _listed(event.query_string_parameters)
    forwarded = [value for name, value in headers if name == b"x-forwarded-for"]
    return HttpRequest(
        method=event.http_method.upper(),
        path=_percent_encoded(event.path, _PATH) or b"/",
        query=b"&".join(_pairs(parameters)),
        headers=headers,
        body=_body(event.body, is_base64=event.is_base64_encoded),
        # Everything before the last comma comes from the client.
        client=forwarded[-1].rpartition(b",")[2].strip().decode("latin-1") if forwarded else "",
        response_format=ResponseFormat.MULTI_VALUE if several else ResponseFormat.SINGLE_VALUE,
        target_group=_name_of(event.request_context.elb.target_group),
    )


def _from_format_2(event: _Format2Event) -> HttpRequest:
    context = event.request_context
    headers = _headers(_listed(event.headers))
    if event.cookies:
        headers.append((b"cookie", _octets("; ".join(event.cookies))))
    return HttpRequest(
        method=context.http.method.upper(),
        path=_format_2_path(event) or b"/",
        query=_percent_encoded(event.raw_query_string, _VALUE + "&"),
        headers=headers,
        body=_body(event.body, is_base64=event.is_base64_encoded),
        client=context.http.source_ip,
        response_format=ResponseFormat.FORMAT_2,
    )


def _format_2_path(event: _Format2Event) -> bytes:
    context = event.request_context
    if ".lambda-url." in context.domain_name:
        return _percent_encoded(event.raw_path, _PATH)
    path = event.raw_path
    if context.stage != "$default" and f"{path}/".startswith(f"/{context.stage}/"):
        path = path.removeprefix(f"/{context.stage}")
    return _percent_encoded(path, _PATH.replace("%", ""))


def _name_of(target_group: str) -> str:
    """Return the name in `arn:…:targetgroup/name/number`."""
    return target_group.partition(":targetgroup/")[2].partition("/")[0]


def _listed(values: Mapping[str, str] | None) -> dict[str, list[str]]:
    return {name: [value] for name, value in (values or {}).items()}


def _headers(values: Mapping[str, Sequence[str]]) -> Headers:
    """Return the headers; blanks and tabs around a value are stripped (RFC 9110, 5.5)."""
    return [
        (_octets(name.lower()), _octets(value).strip(b" \t"))
        for name in values
        for value in values[name]
    ]


def _pairs(parameters: Mapping[str, Sequence[str]]) -> Iterator[bytes]:
    for name, values in parameters.items():
        for value in values:
            yield _percent_encoded(name, _NAME) + b"=" + _percent_encoded(value, _VALUE)


def _percent_encoded(text: str, safe: str) -> bytes:
    return quote(_octets(text), safe=safe).encode()


def _octets(text: str) -> bytes:
    """Return UTF-8; half of a surrogate pair, which JSON can contain, stays invalid."""
    return text.encode("utf-8", "surrogatepass")


def _body(text: str | None, *, is_base64: bool) -> bytes:
    if not is_base64:
        return _octets(text or "")
    try:
        return base64.b64decode(_octets(text or ""), validate=True)
    except binascii.Error:
        raise UnreadableBody from None


def decoded_path(path: bytes) -> str:
    """Return a path without percent-encoding, as ASGI defines it."""
    return unquote_to_bytes(path).decode("utf-8", "replace")
