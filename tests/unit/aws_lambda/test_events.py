"""Which request an event stands for, and how it is answered."""

from __future__ import annotations

import base64
import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from passport_scorer.aws_lambda.events import (
    ResponseFormat,
    UnknownEvent,
    UnreadableBody,
    decoded_path,
    read_event,
)
from passport_scorer.aws_lambda.responses import HttpResponse, event_response, is_too_long

GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/scorer-public/d6190d154b"
JSON = [(b"content-type", b"application/json")]


def from_load_balancer(**changes: object) -> dict[str, Any]:
    """An event of a load balancer."""
    return {
        "requestContext": {"elb": {"targetGroupArn": GROUP}},
        "httpMethod": "GET",
        "path": "/",
        "queryStringParameters": {},
        "headers": {},
        "body": "",
        "isBase64Encoded": False,
        **changes,
    }


def format_2(*, context: dict[str, Any] | None = None, **changes: object) -> dict[str, Any]:
    """An event of payload format 2.0."""
    http = {"method": "GET", "path": "/", "sourceIp": "203.0.113.9"}
    return {
        "version": "2.0",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": {},
        "requestContext": {"http": http, "stage": "$default", **(context or {})},
        "isBase64Encoded": False,
        **changes,
    }


FUNCTION_URL = {"domainName": "abc.lambda-url.eu-west-1.on.aws"}


@pytest.mark.parametrize(
    ("path", "decoded"),
    [
        ("/v2/stamps/1", "/v2/stamps/1"),
        ("/a%23b%2Fc%3Fd", "/a#b/c?d"),
        ("/a%2523", "/a%23"),
        ("/%C3%A9", "/é"),
        ("/é #?", "/é #?"),
        ("/100%", "/100%"),
        ("/%FF", "/\N{REPLACEMENT CHARACTER}"),
        ("", "/"),
    ],
)
def test_paths_that_are_percent_encoded(path: str, decoded: str) -> None:
    """Load balancers and function URLs pass paths on as they are: they are decoded once."""
    for event in (from_load_balancer(path=path), format_2(rawPath=path, context=FUNCTION_URL)):
        assert decoded_path(read_event(event).path) == decoded


@pytest.mark.parametrize(
    ("path", "stage", "decoded"),
    [
        ("/a#b", "$default", "/a#b"),
        ("/a%23", "$default", "/a%23"),
        ("/live/v2/x", "live", "/v2/x"),
        ("/live", "live", "/"),
        ("/lively/x", "live", "/lively/x"),
    ],
)
def test_paths_of_api_gateway(path: str, stage: str, decoded: str) -> None:
    """API Gateway has decoded the path already, and puts the stage in front of it."""
    request = read_event(format_2(rawPath=path, context={"stage": stage}))
    assert decoded_path(request.path) == decoded


def test_queries_of_load_balancers() -> None:
    """A load balancer takes the query apart and decodes nothing: it is put together again."""
    values = {"limit": "10", "token": "a%2Bb+c==", "flag": "", "%C3%A9": "é&#"}
    expected = b"limit=10&token=a%2Bb+c==&flag=&%C3%A9=%C3%A9%26%23"
    assert read_event(from_load_balancer(queryStringParameters=values)).query == expected
    several = {"a": ["1", "2"], "b": ["x%20y"]}
    event = from_load_balancer(multiValueQueryStringParameters=several)
    assert read_event(event).query == b"a=1&a=2&b=x%20y"


def test_queries_of_payload_format_2() -> None:
    """The query arrives as it was sent."""
    raw = "a=1&a=2&token=a%2Bb+c==&flag"
    assert read_event(format_2(rawQueryString=raw)).query == raw.encode()


def test_headers() -> None:
    """Names are in lower case, each value is one header, and cookies are one."""
    several = {"X-API-Key": ["one", "two"], "Accept": ["*/*"]}
    request = read_event(from_load_balancer(headers=None, multiValueHeaders=several))
    assert request.headers == [
        (b"x-api-key", b"one"),
        (b"x-api-key", b"two"),
        (b"accept", b"*/*"),
    ]
    assert request.response_format is ResponseFormat.MULTI_VALUE
    request = read_event(format_2(headers={"accept": "a,b"}, cookies=["a=1", "b=2"]))
    assert request.headers == [(b"accept", b"a,b"), (b"cookie", b"a=1; b=2")]
    assert request.response_format is ResponseFormat.FORMAT_2
    assert read_event(from_load_balancer()).response_format is ResponseFormat.SINGLE_VALUE


def test_the_caller_is_whom_the_load_balancer_saw() -> None:
    """In X-Forwarded-For, the caller's values come first, the load balancer's last."""
    forwarded = {"x-forwarded-for": "1.1.1.1, 203.0.113.9"}
    assert read_event(from_load_balancer(headers=forwarded)).client == "203.0.113.9"
    assert read_event(format_2(headers=forwarded)).client == "203.0.113.9"


def test_the_target_group_is_told_by_the_load_balancer() -> None:
    """Its name is taken from the context, which no caller can write."""
    assert read_event(from_load_balancer()).target_group == "scorer-public"
    assert read_event(format_2(headers={"elb": GROUP})).target_group is None


def test_bodies() -> None:
    """A body is text, or base64 where the event says so."""
    octets = bytes(range(256))
    encoded = base64.b64encode(octets).decode()
    for make in (from_load_balancer, format_2):
        assert read_event(make(body="é")).body == "é".encode()
        assert read_event(make(body=None)).body == b""
        assert read_event(make(body=encoded, isBase64Encoded=True)).body == octets
        for wrong in ("a", "é", "a===", "\ud800"):
            with pytest.raises(UnreadableBody):
                read_event(make(body=wrong, isBase64Encoded=True))


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "text",
        {},
        {"requestContext": None},
        {"requestContext": {}},
        {"requestContext": {"elb": None}},
        {"requestContext": {"http": {}}},
        {"Records": [{"eventSource": "aws:sqs"}]},
        from_load_balancer(httpMethod=None),
        from_load_balancer(path=7),
        from_load_balancer(headers={"a": None}),
        from_load_balancer(multiValueHeaders={"a": "b"}),
        from_load_balancer(isBase64Encoded="yes"),
        format_2(rawPath=None),
        format_2(headers=[]),
        format_2(cookies="a=1"),
    ],
)
def test_events_that_are_not_requests(event: object) -> None:
    """An event that isn't a request of a known sender is refused as a whole."""
    with pytest.raises(UnknownEvent):
        read_event(event)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
FIELDS = sorted({*from_load_balancer(), *format_2(), "cookies", "multiValueHeaders"})


@given(
    base=st.sampled_from([from_load_balancer(), format_2()]),
    changes=st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=4),
)
def test_any_event_is_read_or_refused(base: dict[str, Any], changes: dict[str, Any]) -> None:
    """Any event becomes a request or is refused."""
    try:
        request = read_event({**base, **changes})
    except (UnknownEvent, UnreadableBody):
        return
    assert request.path.isascii()
    assert request.query.isascii()
    assert b" " not in request.path + request.query


def test_answers_to_load_balancers() -> None:
    """Headers are lists where the request's were, and there is a description of the status."""
    answer = HttpResponse(404, [*JSON, (b"vary", b"a"), (b"vary", b"b")], b'{"detail":"\xc3\xa9"}')
    single = event_response(answer, ResponseFormat.SINGLE_VALUE)
    assert single == {
        "statusCode": 404,
        "statusDescription": "404 Not Found",
        "headers": {"content-type": "application/json", "vary": "a, b"},
        "body": '{"detail":"é"}',
        "isBase64Encoded": False,
    }
    several = event_response(answer, ResponseFormat.MULTI_VALUE)
    assert several["multiValueHeaders"] == {
        "content-type": ["application/json"],
        "vary": ["a", "b"],
    }
    assert "headers" not in several


def test_answers_in_payload_format_2() -> None:
    """Headers are texts, and there are no other members."""
    answer = event_response(HttpResponse(200, JSON, b"{}"), ResponseFormat.FORMAT_2)
    assert answer == {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": "{}",
        "isBase64Encoded": False,
    }


def test_octets_are_answered_as_base64() -> None:
    """A body that isn't text can't be in JSON as it is."""
    for kind, body in ((b"image/png", b"\x89PNG"), (b"text/plain", b"\xff")):
        answer = event_response(
            HttpResponse(299, [(b"content-type", kind)], body), ResponseFormat.FORMAT_2
        )
        assert answer["isBase64Encoded"]
        assert base64.b64decode(answer["body"]) == body
        json.dumps(answer)


def test_answers_that_a_load_balancer_would_refuse() -> None:
    """A load balancer takes 1 MB, others take more."""
    answer = HttpResponse(200, JSON, b"x" * 1_000_000)
    for shape in ResponseFormat:
        refused = shape is not ResponseFormat.FORMAT_2
        assert is_too_long(event_response(answer, shape), shape) is refused
