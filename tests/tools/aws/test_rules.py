"""Violations of each infrastructure rule: the error names the resources."""

from __future__ import annotations

import msgspec
import pytest

from passport_scorer.tools.aws import errors
from passport_scorer.tools.aws.infrastructure import (
    HEADER,
    PATH,
    Condition,
    Infrastructure,
    ListenerRule,
)
from passport_scorer.tools.aws.routing import ROUTES, Choices, infrastructure
from passport_scorer.tools.aws.rules import check, violations

PLANNED = infrastructure(Choices())
replace = msgspec.structs.replace


def changed(name: str, **members: object) -> Infrastructure:
    """Return the plan with one listener rule changed."""
    assert name in {rule.name for rule in PLANNED.rules}
    rules = [replace(rule, **members) if rule.name == name else rule for rule in PLANNED.rules]
    return replace(PLANNED, rules=tuple(rules))


def added(*rules: ListenerRule) -> Infrastructure:
    """Return the plan with additional listener rules."""
    return replace(PLANNED, rules=(*PLANNED.rules, *rules))


def paths(*values: str) -> tuple[Condition, ...]:
    """Return a condition on the path."""
    return (Condition(PATH, values),)


def only(infrastructure: Infrastructure) -> errors.InfrastructureRuleBroken:
    """Return the only violation, which `check` must raise, too."""
    (violation,) = violations(infrastructure)
    with pytest.raises(type(violation)):
        check(infrastructure)
    return violation


def test_the_plan_keeps_all_rules() -> None:
    """Our own template has no violations."""
    check(PLANNED)


def test_two_rules_with_one_number() -> None:
    """The error for a shared priority names both rules and the priority."""
    error = only(changed("PathRuleCeramicCache", priority=2100))
    assert isinstance(error, errors.SharedPriority)
    assert error.message == "PathRuleV2 and PathRuleCeramicCache have the same priority, 2100."


def test_one_number_on_two_listeners() -> None:
    """Priorities are unique across listeners: operators refer to rules by priority."""
    error = only(changed("HeaderRuleInternalEmbed", priority=2091))
    assert isinstance(error, errors.SharedPriority)
    assert error.message == (
        "HeaderRuleCeramicCache and HeaderRuleInternalEmbed have the same priority, 2091."
    )


def test_a_header_rule_behind_its_path_rule() -> None:
    """A specific rule after the general one can never match."""
    error = only(changed("HeaderRuleV2", priority=2200))
    assert isinstance(error, errors.RuleNeverMatches)
    assert error.message == (
        "HeaderRuleV2 (2200) can never match path-pattern /v2/*, X-Use-Rust-Scorer true: "
        "PathRuleV2 (2100) matches all such requests first."
    )


def test_a_narrow_path_behind_a_broad_one() -> None:
    """Of two nested paths, the more general one must come later."""
    broken = infrastructure(Choices(), list(reversed(ROUTES)))
    found = [error.message for error in violations(broken)]
    assert len(found) == 2
    assert "HeaderRuleInternalEmbed (2091) can never match" in found[0]
    assert "HeaderRuleInternal (2090)" in found[0]
    assert "PathRuleInternalEmbed (2101) can never match" in found[1]
    assert "PathRuleInternal (2100)" in found[1]


def test_one_alternative_that_never_matches() -> None:
    """A shadowed value of a condition is a violation even if other values match."""
    error = only(
        added(
            ListenerRule(
                name="More",
                priority=2300,
                listener="PublicListenerArn",
                conditions=paths("/v2/stamps/*", "/account/*"),
                groups=("PublicTargetGroup",),
            )
        )
    )
    assert isinstance(error, errors.RuleNeverMatches)
    assert "More (2300) can never match path-pattern /v2/stamps/*: PathRuleV2" in error.message


def test_two_rules_take_all_together() -> None:
    """A rule shadowed by two earlier rules together is found, and exactly these are named."""
    halves = [
        ListenerRule(
            name=name, priority=priority, listener="PublicListenerArn", conditions=paths(path)
        )
        for priority, (name, path) in enumerate(
            {"A": "/x/*", "B": "/x", "C": "/x?*", "D": "/x*"}.items(), 1
        )
    ]
    error = only(added(*halves))
    assert isinstance(error, errors.RuleNeverMatches)
    assert error.message == (
        "D (4) can never match path-pattern /x*: B (2) and C (3) match all such requests first."
    )


@pytest.mark.parametrize(
    "conditions",
    [
        paths("v2/*"),
        (*paths("/a"), *paths("/b")),
        (Condition(HEADER, ("a",), "X"), Condition(HEADER, ("b",), "x")),
    ],
)
def test_conditions_that_no_request_meets(conditions: tuple[Condition, ...]) -> None:
    """A rule with contradictory conditions or a path without a leading slash is found."""
    error = only(
        added(
            ListenerRule(
                name="Odd", priority=1, listener="InternalListenerArn", conditions=conditions
            )
        )
    )
    assert isinstance(error, errors.RuleNeverMatches)
    assert error.message.endswith("its conditions contradict each other.")


def test_a_rule_without_conditions_behind_another() -> None:
    """A catch-all rule after another catch-all rule is found."""
    every = [
        ListenerRule(name=f"Every{number}", priority=number, listener="InternalListenerArn")
        for number in (3000, 3001)
    ]
    error = only(added(*every))
    assert "Every3001 (3001) can never match anything: Every3000 (3000)" in error.message


def test_rules_of_other_listeners_take_nothing() -> None:
    """The same paths on different listeners do not conflict."""
    check(
        added(
            ListenerRule(
                name="SameOnInternal",
                priority=2500,
                listener="InternalListenerArn",
                conditions=paths("/v2/*"),
                groups=("InternalTargetGroup",),
            )
        )
    )


def test_a_target_group_of_two_load_balancers() -> None:
    """The error for a shared target group names the group, both load balancers and the rules."""
    broken = changed("PathRuleInternal", groups=("PublicTargetGroup",))
    shared, wrong = violations(broken)
    assert isinstance(shared, errors.SharedTargetGroup)
    assert shared.message == (
        "PublicTargetGroup is used by public (by HeaderRuleV2 (2090)) and internal "
        "(by PathRuleInternal (2103)): a target group can belong to only one load balancer."
    )
    assert isinstance(wrong, errors.WrongTargetGroup)


def test_the_old_group_of_two_load_balancers() -> None:
    """The existing deployment's target group cannot be shared either."""
    broken = changed("PathRuleInternal", groups=("OldPublicTargetGroupArn", "InternalTargetGroup"))
    shared = next(violations(broken))
    assert isinstance(shared, errors.SharedTargetGroup)
    assert "OldPublicTargetGroupArn is used by" in shared.message


def test_groups_that_were_swapped() -> None:
    """A rule with the other load balancer's group is found even if no other rule uses it."""
    lonely = replace(
        PLANNED, rules=tuple(rule for rule in PLANNED.rules if rule.name == "HeaderRuleV2")
    )
    broken = replace(lonely, rules=(replace(lonely.rules[0], groups=("InternalTargetGroup",)),))
    error = only(broken)
    assert isinstance(error, errors.WrongTargetGroup)
    assert error.message == (
        "HeaderRuleV2 (2090) belongs to public, but uses InternalTargetGroup, "
        "which is for internal."
    )


def test_a_missing_permission() -> None:
    """A function's target group without its own permission is named."""
    error = only(replace(PLANNED, permissions=PLANNED.permissions[:1]))
    assert isinstance(error, errors.MissingInvokePermission)
    assert error.message == (
        "InternalTargetGroup does not have its own permission to invoke the function."
    )


def test_a_permission_for_no_group_in_particular() -> None:
    """A permission that is not for exactly one group does not count."""
    vague = tuple(replace(permission, group=None) for permission in PLANNED.permissions)
    assert len(list(violations(replace(PLANNED, permissions=vague)))) == 2


@pytest.mark.parametrize(("length", "fits"), [(23, True), (24, False)])
def test_long_names(length: int, *, fits: bool) -> None:
    """A target group's name can have 32 characters, but not 33."""
    found = list(violations(infrastructure(Choices(name="n" * length))))
    assert bool(found) is not fits
    if not fits:
        (error,) = found
        assert isinstance(error, errors.NameTooLong)
        assert error.message == (
            f"The name of InternalTargetGroup, {'n' * 24}-internal, has 33 characters; "
            "the maximum is 32."
        )


@pytest.mark.parametrize(
    "path", ["/internal/*", "/internal", "/*", "*", "/int?rnal/*", "/internal/embed/score/1/0x1"]
)
def test_internal_paths_on_the_public_listener(path: str) -> None:
    """A public rule that forwards a path below /internal is named, and so is its listener."""
    error = only(
        added(
            ListenerRule(
                name="Leak",
                priority=2600,
                listener="PublicListenerArn",
                conditions=paths(path),
                groups=("PublicTargetGroup",),
            )
        )
    )
    assert isinstance(error, errors.InternalPathOnPublicListener)
    assert error.message == (
        "Leak (2600) forwards requests below /internal from PublicListenerArn, which is public."
    )


def test_a_public_rule_without_a_path() -> None:
    """A public rule with only a header condition forwards internal paths, too."""
    leak = ListenerRule(
        name="Leak",
        priority=2600,
        listener="PublicListenerArn",
        conditions=(Condition(HEADER, ("x",), "X"),),
        groups=("PublicTargetGroup",),
    )
    assert isinstance(only(added(leak)), errors.InternalPathOnPublicListener)


def test_internal_paths_that_are_kept_away() -> None:
    """After a rule that blocks internal paths, a general public rule leaks nothing."""
    everything = ListenerRule(
        name="Everything",
        priority=2601,
        listener="PublicListenerArn",
        conditions=paths("/*"),
        groups=("PublicTargetGroup",),
    )
    refuse = ListenerRule(
        name="Refuse",
        priority=2600,
        listener="PublicListenerArn",
        conditions=paths("/internal", "/internal/*"),
    )
    check(added(refuse, everything))
    late = replace(refuse, name="Late", priority=2602, conditions=paths("/internal/*"))
    leaks, _ = sorted(violations(added(late, everything)), key=lambda error: error.code)
    assert isinstance(leaks, errors.InternalPathOnPublicListener)


def test_names_that_there_are_not() -> None:
    """A rule with an unknown listener and an unknown group has two violations."""
    broken = changed("PathRuleV2", listener="Nowhere", groups=("Nothing", "PublicTargetGroup"))
    found = list(violations(broken))
    assert [type(error) for error in found] == [errors.UnknownName] * 2
    assert found[0].message == (
        "PathRuleV2 (2100) refers to Nowhere, which the template does not contain."
    )
    assert "Nothing" in found[1].message
