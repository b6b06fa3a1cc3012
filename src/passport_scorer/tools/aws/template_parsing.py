"""The parser for the parts of a template that the infrastructure rules are about.

Names that are not literals are normalized: a reference becomes the name that it refers to, any
other function its JSON.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from passport_scorer.tools.aws.errors import TemplateFileProblem
from passport_scorer.tools.aws.infrastructure import (
    LOAD_BALANCER_TAG,
    Condition,
    Infrastructure,
    InvokePermission,
    ListenerRule,
    LoadBalancerListener,
    TargetGroup,
)

_PREFIX = "AWS::ElasticLoadBalancingV2::"
_LISTENER = _PREFIX + "Listener"
_LISTENER_RULE = _PREFIX + "ListenerRule"
_TARGET_GROUP = _PREFIX + "TargetGroup"
_PERMISSION = "AWS::Lambda::Permission"
_INVOKE = {"lambda:InvokeFunction", "lambda:*"}
_PRINCIPAL = "elasticloadbalancing.amazonaws.com"

_Resources = Mapping[str, Mapping[str, Any]]


def read_infrastructure(
    template: Mapping[str, Any], internal_listeners: Collection[str]
) -> Infrastructure:
    """Return the load balancing of a template.

    Args:
        template: the template, with functions in long form (`{"Ref": …}`).
        internal_listeners: names of the listeners that are reachable only from the private
            network; all others count as public.

    Raises:
        TemplateFileProblem: it is not a template.
    """
    try:
        return _read(template["Resources"], internal_listeners)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        detail = f"{type(error).__name__} at {' '.join(str(error).split())[:100]}"
        raise TemplateFileProblem(f"Invalid template: {detail}.") from None


def _read(resources: _Resources, internal: Collection[str]) -> Infrastructure:
    rules = tuple(
        _rule(name, properties) for name, properties in _of_type(resources, _LISTENER_RULE)
    )
    groups = [_group(name, properties) for name, properties in _of_type(resources, _TARGET_GROUP)]
    own = {group.name for group in groups}
    elsewhere = {name for rule in rules for name in rule.groups} - own
    return Infrastructure(
        listeners=tuple(
            _listener(name, resources, internal)
            for name in sorted({rule.listener for rule in rules})
        ),
        rules=rules,
        groups=(*groups, *(TargetGroup(name=name) for name in sorted(elsewhere))),
        permissions=tuple(
            _permission(name, properties, groups)
            for name, properties in _of_type(resources, _PERMISSION)
            if properties["Action"] in _INVOKE and properties["Principal"] == _PRINCIPAL
        ),
    )


def _of_type(resources: _Resources, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, resource in resources.items():
        if resource["Type"] == kind:
            yield name, resource.get("Properties", {})


def _listener(name: str, resources: _Resources, internal: Collection[str]) -> LoadBalancerListener:
    """Return a listener; a parameter counts as a separate load balancer."""
    properties = resources.get(name, {}).get("Properties", {})
    if properties:
        load_balancer = _name(properties["LoadBalancerArn"])
    else:
        load_balancer = name.removesuffix("Arn").removesuffix("Listener").lower() or name
    return LoadBalancerListener(name=name, load_balancer=load_balancer, internal=name in internal)


def _rule(name: str, properties: Mapping[str, Any]) -> ListenerRule:
    return ListenerRule(
        name=name,
        priority=int(properties["Priority"]),
        listener=_name(properties["ListenerArn"]),
        conditions=tuple(_condition(condition) for condition in properties["Conditions"]),
        groups=tuple(dict.fromkeys(_groups(properties["Actions"]))),
    )


def _condition(condition: Mapping[str, Any]) -> Condition:
    configuration = next(
        (value for key, value in condition.items() if key.endswith("Config")), condition
    )
    return Condition(
        condition["Field"],
        tuple(_name(value) for value in configuration["Values"]),
        _name(configuration.get("HttpHeaderName", "")),
    )


def _groups(value: Any) -> Iterator[str]:
    """Yield the target groups of actions, whatever conditions they depend on."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "TargetGroupArn":
                yield _name(inner)
            else:
                yield from _groups(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _groups(inner)


def _group(name: str, properties: Mapping[str, Any]) -> TargetGroup:
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", ())}
    return TargetGroup(
        name=name,
        called=_name(properties["Name"]) if "Name" in properties else None,
        load_balancer=tags.get(LOAD_BALANCER_TAG),
        invokes_function=properties.get("TargetType") == "lambda",
    )


def _permission(
    name: str, properties: Mapping[str, Any], groups: Collection[TargetGroup]
) -> InvokePermission:
    """Return a permission, with its target group if it is for exactly one."""
    source = _name(properties.get("SourceArn", ""))
    called = re.search(r":targetgroup/([A-Za-z0-9-]+)/", source)
    for group in groups:
        if source == group.name or (called and called[1] == group.called):
            return InvokePermission(name=name, group=group.name)
    return InvokePermission(name=name, group=None)


def _name(value: Any) -> str:
    """Return a literal, the name that a reference refers to, or the JSON of anything else."""
    match value:
        case str():
            return value
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), *_]}:
            return name
        case {"Fn::Sub": str(text)}:
            return text.removeprefix("${").removesuffix("}") if text.count("$") == 1 else text
        case _:
            return msgspec.json.encode(value, order="sorted").decode()
