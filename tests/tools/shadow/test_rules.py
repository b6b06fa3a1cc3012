"""Rules: what they accept, and the included files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from passport_scorer.api.internal.routes import INTERNAL_ENDPOINTS
from passport_scorer.api.v2.routes import PARTNER_ENDPOINTS
from passport_scorer.tools.shadow.comparison.endpoints import Endpoints
from passport_scorer.tools.shadow.comparison.patterns import matching
from passport_scorer.tools.shadow.comparison.responses import ReceivedResponse, compare_responses
from passport_scorer.tools.shadow.comparison.rules import Accept, Part, Rule, Rulebook
from passport_scorer.tools.shadow.comparison.values import compare_values
from passport_scorer.tools.shadow.rules import SHIPPED, RulesUnreadable, read_rulebook

SCORE = "GET /v2/stamps/{scorer_id}/score/{address}"
T = "2026-11-24T03:30:00"


def accepted(accept: Accept, control: Any, candidate: Any, /, **more: Any) -> bool:
    """Return True if a rule expects the difference."""
    rule = Rule(name="of-a-test", reason="for a test", accept=accept, **more)
    part_rules = Rulebook(rule=(rule,)).part_rules("GET /x", Part.BODY, 200)
    (difference,) = compare_values(control, candidate, part_rules)
    return difference.rule is rule


@pytest.mark.parametrize(
    ("accept", "control", "candidate", "expected"),
    [
        (Accept.SAME_TYPE, "a", "b", True),
        (Accept.SAME_TYPE, "a", None, False),
        (Accept.TIME, f"{T}.123456+00:00", f"{T}+00:00", True),
        (Accept.TIME, f"{T}.123Z", f"{T}Z", True),
        (Accept.TIME, f"{T}.123456+00:00", f"{T}.123+00:00", False),
        (Accept.TIME, f"{T}+00:00", f"{T}Z", False),
        (Accept.TIME, f"{T}+00:00", None, False),
        (Accept.INSTANT, f"{T}+00:00", f"{T}.000Z", True),
        (Accept.INSTANT, f"{T}+00:00", "2026-11-24T04:30:00+01:00", True),
        (Accept.INSTANT, f"{T}+00:00", f"{T}.001Z", False),
        (Accept.INSTANT, f"{T}+00:00", "soon", False),
        (Accept.NUMBERS, "limit=3, remaining=2", "limit=3, remaining=1", True),
        (Accept.NUMBERS, "limit=3", "count=3", False),
        (Accept.MEDIA_TYPE, "application/json", "application/json; charset=UTF-8", True),
        (Accept.MEDIA_TYPE, "application/json", "text/html", False),
        (Accept.LINK, "http://a/x?l=1&t=eyJpZCI6IDF9", "https://b/x?t=eyJpZCI6MX0&l=1", True),
        (Accept.LINK, "http://a/x?limit=1", "http://b/x?limit=2", False),
        (Accept.LINK, "http://a/x", "http://b/y", False),
        (Accept.LINK, "http://a/x", "/x", False),
        (Accept.LINK, "http://a/x", None, False),
        (Accept.PAGE, "http://a/x?l=1&token=eyJpZCI6IDF9", "https://b/y?token=eyJpZCI6MX0", True),
        (Accept.PAGE, "http://a/x?token=eyJpZCI6IDF9", "http://a/x?token=eyJpZCI6IDJ9", False),
        (Accept.PAGE, "http://a/x?limit=1", "http://a/x?limit=2", False),
        (Accept.PAGE, "http://a/x?limit=1", None, False),
        (Accept.ANYTHING, 1, None, True),
        (Accept.ANY_ORDER, "ab", "ba", False),
    ],
)  # fmt: skip
def test_what_rules_accept(accept: Accept, control: Any, candidate: Any, *, expected: bool) -> None:
    """Each kind of rule accepts exactly what it is for."""
    assert accepted(accept, control, candidate) is expected


def test_conditions() -> None:
    """A conditional rule expects only differences that meet all conditions."""
    assert accepted(Accept.ANYTHING, "old", "new", control='"o.*"', candidate='"new"')
    assert not accepted(Accept.ANYTHING, "old", "new", control='"n.*"')
    assert not accepted(Accept.ANYTHING, "old", "new", kinds=("missing",))


def test_key_order_counts_only_where_a_rule_says_so() -> None:
    """If a rule requires it, a different key order is an unexplained difference."""
    body, other = (
        ReceivedResponse(200, (), b'{"a": 1, "b": 2}'),
        ReceivedResponse(200, (), b'{"b": 2, "a": 1}'),
    )
    ordered = Rule(name="ordered", reason="for a test", accept=Accept.KEY_ORDER)
    assert compare_responses(body, other, "GET /x", Rulebook()) == []
    (difference,) = compare_responses(body, other, "GET /x", Rulebook(rule=(ordered,)))
    assert (difference.kind, difference.rule) == ("key_order", None)


def test_items_are_paired_by_members_not_expected_to_differ() -> None:
    """Among unordered items with surrogate ids, the one that really differs is found."""
    book = Rulebook(
        rule=(
            Rule(name="order", reason="for a test", path="/s", accept=Accept.ANY_ORDER),
            Rule(name="ids", reason="for a test", path="/s/*/id", accept=Accept.SAME_TYPE),
        )
    )
    control = b'{"s": [{"id": 1, "p": "a"}, {"id": 2, "p": "b"}, {"id": 3, "p": "c"}]}'
    candidate = b'{"s": [{"id": 9, "p": "c"}, {"id": 8, "p": "x"}, {"id": 7, "p": "a"}]}'
    found = compare_responses(
        ReceivedResponse(200, (), control), ReceivedResponse(200, (), candidate), "GET /x", book
    )
    assert [d.pattern for d in found if d.rule is None] == ["/s/*/p"]
    assert {d.rule.name for d in found if d.rule} <= {"ids", "order"}


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("", "", True),
        ("/a", "/a", True),
        ("/a", "/a/b", False),
        ("/*", "/a", True),
        ("/a*", "/abc", True),
        ("/**/b", "/b", True),
        ("/**/b", "/a/a/b", True),
        ("/a/**/b", "/a/b", True),
        ("/a/**/b", "/c/b", False),
        ("/**/b/**", "/a/b/c/d", True),
        ("/a~1b", "/a~1b", True),
        ("/[x]*", "/[x]y", True),
    ],
)
def test_patterns(pattern: str, path: str, *, expected: bool) -> None:
    """A star is one segment or a part of one, two stars are any number of segments."""
    assert matching(pattern, path) is expected


def test_the_status_is_the_difference_where_it_differs() -> None:
    """If the status differs, nothing else is compared."""
    found = compare_responses(
        ReceivedResponse(200, (("Content-Type", "a/b"),), b"{}"),
        ReceivedResponse(500, (), b"x"),
        "GET /x",
        Rulebook(),
    )
    assert [(d.part, d.kind) for d in found] == [(Part.STATUS, "value")]


def test_only_headers_that_are_named_are_compared() -> None:
    """Header names are case-insensitive; repeated headers are joined; others are ignored."""
    book = Rulebook(headers=("access-control-*",))
    control = (("Date", "a"), ("Access-Control-Allow-Origin", "*"), ("access-control-x", "1"))
    candidate = (("date", "b"), ("access-control-allow-origin", "*"), ("Access-Control-X", "2"))
    (difference,) = compare_responses(
        ReceivedResponse(200, control), ReceivedResponse(200, candidate), "GET /x", book
    )
    assert difference.pattern == "/access-control-x"
    assert (
        compare_responses(
            ReceivedResponse(200, control), ReceivedResponse(200, None), "GET /x", book
        )
        == []
    )


@pytest.mark.parametrize("name", [None, *SHIPPED])
def test_shipped_files(name: str | None) -> None:
    """The included rule files are valid."""
    assert read_rulebook([name] if name else []).rule


@pytest.mark.parametrize(
    ("endpoint", "status", "control", "candidate", "rule"),
    [
        ("GET /ceramic-cache/stamp", 401, "a", "b", "existing-token-sentences"),
        (SCORE, 401, "a", "b", None),
        ("GET /ceramic-cache/score/{address}", 404, "a", "b", "existing-unknown-scorers"),
        (f"{SCORE}/history", 404, "a", "b", None),
        (SCORE, 422, [{"msg": "a"}], [{"msg": "b"}], "existing-reasons-of-422"),
        (SCORE, 422, [{"msg": "a"}], "too many", None),
        (SCORE, 422, "too many", "too few", None),
        (SCORE, 200, [{"msg": "a"}], [{"msg": "b"}], None),
    ],
)  # fmt: skip
def test_existing_deployments_may_say_otherwise(
    endpoint: str, status: int, control: Any, candidate: Any, rule: str | None
) -> None:
    """Messages can differ only where the specification does not define them."""
    found = compare_responses(
        ReceivedResponse(status, (), json.dumps({"detail": control}).encode()),
        ReceivedResponse(status, (), json.dumps({"detail": candidate}).encode()),
        endpoint,
        read_rulebook(["existing-deployment"]),
    )
    assert {each.rule and each.rule.name for each in found} == {rule}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("Cache-Control", "existing-caching"),
        ("WWW-Authenticate", "existing-challenges"),
        ("Access-Control-Expose-Headers", "existing-exposed-headers"),
        ("Retry-After", None),
    ],
)
def test_existing_deployments_may_say_less_in_headers(name: str, rule: str | None) -> None:
    """Added headers are expected; changed or removed ones are differences."""
    book = read_rulebook(["existing-deployment"])
    silent, says = ReceivedResponse(401, (), b"{}"), ReceivedResponse(401, ((name, "a"),), b"{}")
    (added,) = compare_responses(silent, says, SCORE, book)
    assert (added.rule and added.rule.name) == rule
    for other in (silent, ReceivedResponse(401, ((name, "b"),), b"{}")):
        (lost,) = compare_responses(says, other, SCORE, book)
        assert lost.rule is None


@pytest.mark.parametrize(
    ("endpoint", "control", "candidate", "rule"),
    [
        ("POST /ceramic-cache/authenticate/v2", 200, 400, "copied-sign-in"),
        ("POST /ceramic-cache/authenticate/v2", 400, 400, "copied-sign-in-refused"),
        ("POST /ceramic-cache/authenticate/v2", 200, 500, None),
        ("POST /ceramic-cache/authenticate/v2", 400, 200, None),
        ("POST /ceramic-cache/stamps/bulk", 200, 400, None),
    ],
)
def test_a_copied_database_knows_no_later_nonces(
    endpoint: str, control: int, candidate: int, rule: str | None
) -> None:
    """A candidate on a copy can reject sign-ins, but nothing else."""
    found = compare_responses(
        ReceivedResponse(control, (), b'{"detail": "a"}'),
        ReceivedResponse(candidate, (), b'{"detail": "b"}'),
        endpoint,
        read_rulebook(["copied-database"]),
    )
    assert [each.rule and each.rule.name for each in found] == [rule]


def test_every_endpoint_has_its_template() -> None:
    """All endpoints of this service have a template."""
    known = read_rulebook([]).endpoints
    for endpoint in (*PARTNER_ENDPOINTS, *INTERNAL_ENDPOINTS):
        assert f"{endpoint.method} {endpoint.path}" in known


def test_endpoints_of_requests() -> None:
    """The first matching template is used; other paths are generalized."""
    endpoints = Endpoints(read_rulebook([]).endpoints)
    assert endpoints.name("get", "/v2/stamps/1/score/0xAb?x=1") == SCORE
    assert endpoints.name("GET", "/v2/stamps/metadata") == "GET /v2/stamps/metadata"
    assert endpoints.name("GET", "/v2/stamps/0xab") == "GET /v2/stamps/{address}"
    assert endpoints.name("GET", "/a/12/0xab/k3y%20x") == "GET /a/{number}/{address}/{value}"


@pytest.mark.parametrize(
    "text",
    [
        "rule = 1",
        "[[rule]]\nname = 'x'",
        "[[rule]]\nname = 'x'\nreason = 'long enough'\ncontrol = '('",
        "[[rule]]\nname = 'score-computed-at'\nreason = 'its name is taken'",
        "[[rule]]\nname = 'x'\nreason = 'long enough'\nacept = 'time'",
        "not toml",
    ],
)
def test_wrong_files(tmp_path: Path, text: str) -> None:
    """A malformed file is rejected in one line."""
    file = tmp_path / "rules.toml"
    file.write_text(text)
    with pytest.raises(RulesUnreadable):
        read_rulebook([str(file)])


def test_a_missing_file() -> None:
    """A missing file is rejected with a list of the included ones."""
    with pytest.raises(RulesUnreadable, match="existing-deployment"):
        read_rulebook(["nowhere.toml"])
