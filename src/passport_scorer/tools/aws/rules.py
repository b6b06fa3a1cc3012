"""The infrastructure rules: pure functions over plain values, one for each way to break them.

Source: specification, operations.md ("Infrastructure rules").
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
    Listener,
    ListenerRule,
)

LONGEST_NAME = 32  # characters of the name of a target group
_INTERNAL = Condition(PATH, ("/internal", "/internal/*"))


def check(infrastructure: Infrastructure) -> None:
    """Return if all rules are kept.

    Raises:
        InfrastructureRuleBroken: the first of `violations`.
    """
    for violation in violations(infrastructure):
        raise violation


def violations(infrastructure: Infrastructure) -> Iterator[InfrastructureRuleBroken]:
    """Give everything that is wrong, as errors that name the parts that are to blame."""
    unknown = list(unknown_names(infrastructure))
    yield from unknown
    yield from shared_priorities(infrastructure.rules)
    yield from rules_that_never_match(infrastructure.rules)
    yield from missing_invoke_permissions(infrastructure)
    yield from names_too_long(infrastructure)
    if not unknown:  # the others need to know whose each listener is
        yield from target_groups_of_two(infrastructure)
        yield from wrong_target_groups(infrastructure)
        yield from internal_paths_in_public(infrastructure)


def unknown_names(infrastructure: Infrastructure) -> Iterator[UnknownName]:
    """Find rules that name listeners or target groups that there aren't."""
    listeners = {listener.name for listener in infrastructure.listeners}
    groups = {group.name for group in infrastructure.groups}
    for rule in infrastructure.rules:
        for name in sorted({rule.listener} - listeners) + sorted(set(rule.groups) - groups):
            yield UnknownName(f"{rule} names {name}, which the template doesn't have.")


def shared_priorities(rules: Sequence[ListenerRule]) -> Iterator[SharedPriority]:
    """Find rules with the same number, on whatever listener: a number names one rule."""
    by_priority = sorted(rules, key=_priority)
    for first, second in itertools.pairwise(by_priority):
        if first.priority == second.priority:
            yield SharedPriority(
                f"{first.name} and {second.name} have the same number, {first.priority}."
            )


def rules_that_never_match(rules: Sequence[ListenerRule]) -> Iterator[RuleNeverMatches]:
    """Find rules, and alternatives of rules, whose requests all go to rules with lower numbers."""
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
                yield _never_matches(alternative, _to_blame(alternative, earlier))


def _alternatives(rule: ListenerRule) -> Iterator[ListenerRule]:
    """Split a rule into rules with one value in each condition; it is what they are together."""
    for values in itertools.product(*(condition.values for condition in rule.conditions)):
        conditions = tuple(
            msgspec.structs.replace(condition, values=(value,))
            for condition, value in zip(rule.conditions, values, strict=True)
        )
        yield msgspec.structs.replace(rule, conditions=conditions)


def _to_blame(rule: ListenerRule, earlier: Sequence[ListenerRule]) -> list[ListenerRule]:
    """Return the earlier rules that cover the rule, none of which can be left out."""
    needed = list(earlier)
    for one in reversed(earlier):
        without = [other for other in needed if other is not one]
        if is_covered(rule, without):
            needed = without
    return needed


def _never_matches(rule: ListenerRule, to_blame: Sequence[ListenerRule]) -> RuleNeverMatches:
    what = f"{rule} can never match {', '.join(map(str, rule.conditions)) or 'anything'}"
    if not to_blame:
        return RuleNeverMatches(f"{what}: no request meets its conditions.")
    names = " and ".join(map(str, to_blame))
    verb = "takes" if len(to_blame) == 1 else "take"
    return RuleNeverMatches(f"{what}: {names}, with a lower number, {verb} all of it.")


def target_groups_of_two(infrastructure: Infrastructure) -> Iterator[SharedTargetGroup]:
    """Find target groups that rules of two load balancers name."""
    listeners = _listeners(infrastructure)
    for group in infrastructure.groups:
        users: dict[str, ListenerRule] = {}
        for rule in sorted(infrastructure.rules, key=_priority):
            if group.name in rule.groups:
                users.setdefault(listeners[rule.listener].load_balancer, rule)
        if len(users) > 1:
            uses = " and ".join(f"{name} (by {rule})" for name, rule in users.items())
            yield SharedTargetGroup(
                f"{group.name} is used by {uses}: a target group can belong to one load "
                "balancer only."
            )


def wrong_target_groups(infrastructure: Infrastructure) -> Iterator[WrongTargetGroup]:
    """Find rules that name a target group that is meant for another load balancer."""
    listeners = _listeners(infrastructure)
    owners = {group.name: group.load_balancer for group in infrastructure.groups}
    for rule in infrastructure.rules:
        own = listeners[rule.listener].load_balancer
        for name in rule.groups:
            if owners[name] not in {None, own}:
                yield WrongTargetGroup(
                    f"{rule} belongs to {own}, but names {name}, which is for {owners[name]}."
                )


def missing_invoke_permissions(
    infrastructure: Infrastructure,
) -> Iterator[MissingInvokePermission]:
    """Find target groups of functions that have no permission of their own."""
    permitted = {permission.group for permission in infrastructure.permissions}
    for group in infrastructure.groups:
        if group.invokes_function and group.name not in permitted:
            yield MissingInvokePermission(
                f"{group.name} has no permission of its own to invoke the function."
            )


def names_too_long(infrastructure: Infrastructure) -> Iterator[NameTooLong]:
    """Find target groups with names of more than 32 characters."""
    for group in infrastructure.groups:
        if group.called is not None and len(group.called) > LONGEST_NAME:
            yield NameTooLong(
                f"{group.name} is called {group.called}: {len(group.called)} characters, "
                f"{LONGEST_NAME} at most."
            )


def internal_paths_in_public(
    infrastructure: Infrastructure,
) -> Iterator[InternalPathOnPublicListener]:
    """Find rules of public listeners that forward a path below /internal.

    Rules before them that answer by themselves may keep such paths away.
    """
    listeners = _listeners(infrastructure)
    for rule in infrastructure.rules:
        if listeners[rule.listener].internal or not rule.groups:
            continue
        kept_away = [
            other
            for other in infrastructure.rules
            if other.listener == rule.listener
            and other.priority < rule.priority
            and not other.groups
        ]
        internal = msgspec.structs.replace(rule, conditions=(*rule.conditions, _INTERNAL))
        if not is_covered(internal, kept_away):
            yield InternalPathOnPublicListener(
                f"{rule} lets requests below /internal in through {rule.listener}, which is public."
            )


def _listeners(infrastructure: Infrastructure) -> dict[str, Listener]:
    return {listener.name: listener for listener in infrastructure.listeners}


def _priority(rule: ListenerRule) -> int:
    return rule.priority
