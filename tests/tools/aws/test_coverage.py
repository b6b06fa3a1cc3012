"""Coverage by earlier rules, compared with a brute-force check of all small requests."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.tools.aws.coverage import is_covered
from passport_scorer.tools.aws.infrastructure import (
    HEADER,
    HOST,
    METHOD,
    PATH,
    Condition,
    ListenerRule,
)

Request = tuple[str, str, str | None, str | None]  # path, method, host, the header X

PATHS = [
    "/" + "".join(text) for length in range(6) for text in itertools.product("az", repeat=length)
]
REQUESTS: list[Request] = list(
    itertools.product(
        PATHS, ("GET", "HEAD", "PUT"), (None, "A.x", "a.Y", "b"), (None, "", "t", "Tz", "tzz", "z")
    )
)
SMALL = st.sampled_from
conditions = st.one_of(
    st.builds(
        Condition,
        st.just(PATH),
        st.lists(st.text("a?*", max_size=2).map("/".__add__), min_size=1, max_size=2).map(tuple),
    ),
    st.builds(Condition, st.just(METHOD), SMALL([("GET",), ("GET", "HEAD")])),
    st.builds(Condition, st.just(HOST), SMALL([("a.?",), ("A.X",), ("*",)])),
    st.builds(
        Condition,
        st.just(HEADER),
        SMALL([("t",), ("T*",), ("*",), ("?", "t?")]),
        SMALL(["X", "x"]),
    ),
)


def rule(*conditions: Condition, priority: int = 1) -> ListenerRule:
    """Return a rule with conditions."""
    return ListenerRule(
        name=f"Rule{priority}", priority=priority, listener="L", conditions=conditions
    )


rules = st.lists(conditions, max_size=3).map(lambda found: rule(*found))


def fits(pattern: str, text: str) -> bool:
    """Match a pattern with an independent implementation."""
    parts = ({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in pattern)
    return re.fullmatch("".join(parts), text) is not None


def holds(condition: Condition, request: Request) -> bool:
    """Return True if a request meets a condition, according to the AWS documentation."""
    path, method, host, header = request
    if condition.field == PATH:
        return any(fits(value, path) for value in condition.values)
    if condition.field == METHOD:
        return method in condition.values
    text = host if condition.field == HOST else header
    return text is not None and any(fits(value.lower(), text.lower()) for value in condition.values)


def gets(some: ListenerRule, request: Request) -> bool:
    """Return True if a request meets all conditions of a rule."""
    return all(holds(condition, request) for condition in some.conditions)


@given(rules, st.lists(rules, max_size=3))
def test_covered_means_that_no_request_is_left(
    later: ListenerRule, earlier: list[ListenerRule]
) -> None:
    """A rule is covered if and only if an earlier rule matches each of its requests."""
    left = any(
        gets(later, request) and not any(gets(other, request) for other in earlier)
        for request in REQUESTS
    )
    assert is_covered(later, earlier) is not left


V2 = Condition(PATH, ("/v2/*",))
MARKED = Condition(HEADER, ("true",), "X-Mark")


@pytest.mark.parametrize(
    ("later", "earlier", "covered"),
    [
        ([V2, MARKED], [[V2]], True),
        ([V2], [[V2, MARKED]], False),
        ([V2], [[Condition(PATH, ("/v?/*",))]], True),
        ([V2], [[Condition(PATH, ("/V2/*",))]], False),
        ([Condition(PATH, ("/a", "/b"))], [[Condition(PATH, (f"/{x}",))] for x in "ab"], True),
        ([Condition(PATH, ("/a", "/b"))], [[Condition(PATH, ("/a",))]], False),
        ([Condition(HEADER, ("TRUE",), "x-mark")], [[MARKED]], True),
        ([Condition(HEADER, ("*",), "X")], [[MARKED]], False),
        ([V2], [[Condition(HEADER, ("*",), "X")]], False),
        ([Condition(METHOD, ("GET",)), V2], [[Condition(METHOD, ("GET", "PUT"))]], True),
        ([V2], [[Condition(METHOD, ("GET",))]], False),
        ([], [[V2]], False),
        ([V2], [[]], True),
        ([Condition(PATH, ("v2/*",))], [], True),
        ([V2, Condition(PATH, ("/other",))], [], True),
        ([Condition("source-ip", ("10.0.0.0/8",)), V2], [[V2]], True),
        ([V2], [[Condition("source-ip", ("10.0.0.0/8",)), V2]], False),
        (
            [Condition("query-string", ("b", "a")), V2],
            [[Condition("query-string", ("a", "b"))]],
            True,
        ),
    ],
)
def test_examples(later: list[Condition], earlier: list[list[Condition]], *, covered: bool) -> None:
    """Wildcards, headers, methods, multiple values and multiple rules are supported."""
    assert is_covered(rule(*later), [rule(*other) for other in earlier]) is covered
