"""The infrastructure rules: one pure function for each kind of violation.

Source: docs/rules/deployment.md, "Infrastructure rules".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import msgspec

from passport_scorer.tools.aws.coverage import is_covered
from passport_scorer.tools.aws.errors import (
    InfrastructureRuleBroken,
    InternalPathOnPublicListener,
    MissingInvokePermission,
    NameTooLong,
    RuleNeverMatches,
    SharedPriority,
    SharedTargetGroup,
    UnknownName,
    WrongTargetGroup,
)
from passport_scorer.tools.aws.infrastructure import (
    PATH,
    Condition,
    Infrastructure,
    ListenerRule,
    LoadBalancerListener,
)

LONGEST_NAME = 32  # characters of the name of a target group
_INTERNAL = Condition(PATH, ("/internal", "/internal/*"))


def check(infrastructure: Infrastructure) -> None:
    """Raise the first violation (InfrastructureRuleBroken), if any."""
    for violation in violations(infrastructure):
        raise violation


def violations(infrastructure: Infrastructure) -> Iterator[InfrastructureRuleBroken]:
    """Yield all violations, as errors that name the resources."""
    unknown = list(unknown_names(infrastructure))
    yield from unknown
    yield from shared_priorities(infrastructure.rules)
    yield from rules_that_never_match(infrastructure.rules)
    yield from missing_invoke_permissions(infrastructure)
    yield from names_too_long(infrastructure)
    if not unknown:  # these need the load balancer of each listener
        yield from target_groups_of_two(infrastructure)
        yield from wrong_target_groups(infrastructure)
        yield from internal_paths_in_public(infrastructure)


def unknown_names(infrastructure: Infrastructure) -> Iterator[UnknownName]:
    """Find rules that refer to unknown listeners or target groups."""
    listeners = {listener.name for listener in infrastructure.listeners}
    groups = {group.name for group in infrastructure.groups}
    for rule in infrastructure.rules:
        for name in sorted({rule.listener} - listeners) + sorted(set(rule.groups) - groups):
            yield UnknownName(f"{rule} refers to {name}, which the template does not contain.")


def shared_priorities(rules: Sequence[ListenerRule]) -> Iterator[SharedPriority]:
    """Find rules with the same priority, which must be unique across all listeners."""
    by_priority = sorted(rules, key=_priority)
    for first, second in itertools.pairwise(by_priority):
        if first.priority == second.priority:
            yield SharedPriority(
                f"{first.name} and {second.name} have the same priority, {first.priority}."
            )


def rules_that_never_match(rules: Sequence[ListenerRule]) -> Iterator[RuleNeverMatches]:
    """Find rules, and alternatives of rules, that are shadowed by rules before them."""
    for rule in rules:
        earlier = sorted(
            (
                other
                for other in rules
                if other.listener == rule.listener and other.priority < rule.priority
            ),
            key=_priority,
        )
        for alternative in _alternatives(rule):
            if is_covered(alternative, earlier):
                yield _never_matches(alternative, _shadowing_rules(alternative, earlier))


def _alternatives(rule: ListenerRule) -> Iterator[ListenerRule]:
    """Split a rule into equivalent rules with one value per condition."""
    for values in itertools.product(*(condition.values for condition in rule.conditions)):
        conditions = tuple(
            msgspec.structs.replace(condition, values=(value,))
            for condition, value in zip(rule.conditions, values, strict=True)
        )
        yield msgspec.structs.replace(rule, conditions=conditions)


def _shadowing_rules(rule: ListenerRule, earlier: Sequence[ListenerRule]) -> list[ListenerRule]:
    """Return a minimal set of earlier rules that cover the rule."""
    needed = list(earlier)
    for one in reversed(earlier):
        without = [other for other in needed if other is not one]
        if is_covered(rule, without):
            needed = without
    return needed


def _never_matches(rule: ListenerRule, shadowing: Sequence[ListenerRule]) -> RuleNeverMatches:
    what = f"{rule} can never match {', '.join(map(str, rule.conditions)) or 'anything'}"
    if not shadowing:
        return RuleNeverMatches(f"{what}: its conditions contradict each other.")
    names = " and ".join(map(str, shadowing))
    verb = "matches" if len(shadowing) == 1 else "match"
    return RuleNeverMatches(f"{what}: {names} {verb} all such requests first.")


def target_groups_of_two(infrastructure: Infrastructure) -> Iterator[SharedTargetGroup]:
    """Find target groups that are used by rules of two load balancers."""
    listeners = _listeners(infrastructure)
    for group in infrastructure.groups:
        users: dict[str, ListenerRule] = {}
        for rule in sorted(infrastructure.rules, key=_priority):
            if group.name in rule.groups:
                users.setdefault(listeners[rule.listener].load_balancer, rule)
        if len(users) > 1:
            uses = " and ".join(f"{name} (by {rule})" for name, rule in users.items())
            yield SharedTargetGroup(
                f"{group.name} is used by {uses}: a target group can belong to only one load "
                "balancer."
            )


def wrong_target_groups(infrastructure: Infrastructure) -> Iterator[WrongTargetGroup]:
    """Find rules that use a target group of a different load balancer."""
    listeners = _listeners(infrastructure)
    owners = {group.name: group.load_balancer for group in infrastructure.groups}
    for rule in infrastructure.rules:
        own = listeners[rule.listener].load_balancer
        for name in rule.groups:
            if owners[name] not in {None, own}:
                yield WrongTargetGroup(
                    f"{rule} belongs to {own}, but uses {name}, which is for {owners[name]}."
                )


def missing_invoke_permissions(
    infrastructure: Infrastructure,
) -> Iterator[MissingInvokePermission]:
    """Find target groups of functions without a permission of their own."""
    permitted = {permission.group for permission in infrastructure.permissions}
    for group in infrastructure.groups:
        if group.invokes_function and group.name not in permitted:
            yield MissingInvokePermission(
                f"{group.name} does not have its own permission to invoke the function."
            )


def names_too_long(infrastructure: Infrastructure) -> Iterator[NameTooLong]:
    """Find target groups whose name is longer than 32 characters."""
    for group in infrastructure.groups:
        if group.called is not None and len(group.called) > LONGEST_NAME:
            yield NameTooLong(
                f"The name of {group.name}, {group.called}, has {len(group.called)} characters; "
                f"the maximum is {LONGEST_NAME}."
            )


def internal_paths_in_public(
    infrastructure: Infrastructure,
) -> Iterator[InternalPathOnPublicListener]:
    """Find rules of public listeners that forward a path below /internal.

    Earlier rules with a fixed response can block such paths.
    """
    listeners = _listeners(infrastructure)
    for rule in infrastructure.rules:
        if listeners[rule.listener].internal or not rule.groups:
            continue
        blocking = [
            other
            for other in infrastructure.rules
            if other.listener == rule.listener
            and other.priority < rule.priority
            and not other.groups
        ]
        internal = msgspec.structs.replace(rule, conditions=(*rule.conditions, _INTERNAL))
        if not is_covered(internal, blocking):
            yield InternalPathOnPublicListener(
                f"{rule} forwards requests below /internal from {rule.listener}, which is public."
            )


def _listeners(infrastructure: Infrastructure) -> dict[str, LoadBalancerListener]:
    return {listener.name: listener for listener in infrastructure.listeners}


def _priority(rule: ListenerRule) -> int:
    return rule.priority
