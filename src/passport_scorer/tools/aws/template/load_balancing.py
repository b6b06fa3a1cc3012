"""Target groups, permissions and listener rules, from a checked plan."""

from __future__ import annotations

from typing import Any

from troposphere import FindInMap, If, Output, Ref, Sub, Tags, Template
from troposphere.awslambda import Permission
from troposphere.elasticloadbalancingv2 import (
    Condition as RuleCondition,
)
from troposphere.elasticloadbalancingv2 import (
    ForwardConfig,
    HttpHeaderConfig,
    ListenerRuleAction,
    Matcher,
    PathPatternConfig,
    TargetDescription,
    TargetGroupAttribute,
    TargetGroupStickinessConfig,
    TargetGroupTuple,
)
from troposphere.elasticloadbalancingv2 import ListenerRule as ListenerRuleResource
from troposphere.elasticloadbalancingv2 import TargetGroup as TargetGroupResource

from passport_scorer.tools.aws.infrastructure import (
    HEADER,
    LOAD_BALANCER_TAG,
    PATH,
    Condition,
    Infrastructure,
    InvokePermission,
    ListenerRule,
    TargetGroup,
)
from passport_scorer.tools.aws.routing import ROUTES, STAGES, Route
from passport_scorer.tools.aws.stages import weights
from passport_scorer.tools.aws.template.function import invoked

_WEIGHTS = "Weights"
_HEALTH_SECONDS = 60  # between checks; each check is a billed invocation
_HEALTH_TIMEOUT = 30


def add_load_balancing(template: Template, planned: Infrastructure) -> None:
    """Add a target group with its permission for each load balancer, and all listener rules."""
    template.add_mapping(_WEIGHTS, {str(stage): _weights(stage) for stage in STAGES})
    permissions = {permission.group: permission for permission in planned.permissions}
    for group in planned.groups:
        if group.invokes_function:
            permission = permissions[group.name]
            template.add_resource(_permission(permission, group))
            template.add_resource(_target_group(group, permission))
            template.add_output(Output(f"{group.name}Arn", Value=Ref(group.name)))
    routes = {route.path_rule: route for route in ROUTES}
    for rule in planned.rules:
        actions = _actions(rule, routes.get(rule.name))
        template.add_resource(_listener_rule(rule, actions))


def _weights(stage: int) -> dict[str, int]:
    old, new = weights(stage)
    return {"Old": old, "New": new}


def _permission(permission: InvokePermission, group: TargetGroup) -> Permission:
    """Allow one target group to invoke the function.

    It refers to the group by name, since the ARN would create a circular dependency.
    """
    return Permission(
        permission.name,
        Action="lambda:InvokeFunction",
        FunctionName=invoked(),
        Principal="elasticloadbalancing.amazonaws.com",
        SourceArn=Sub(
            "arn:${AWS::Partition}:elasticloadbalancing:${AWS::Region}:${AWS::AccountId}"
            f":targetgroup/{group.called}/*"
        ),
    )


def _target_group(group: TargetGroup, permission: InvokePermission) -> TargetGroupResource:
    return TargetGroupResource(
        group.name,
        DependsOn=permission.name,
        Name=group.called,
        TargetType="lambda",
        Targets=[TargetDescription(Id=invoked())],
        HealthCheckEnabled=True,
        HealthCheckPath="/health/ready",
        HealthCheckIntervalSeconds=_HEALTH_SECONDS,
        HealthCheckTimeoutSeconds=_HEALTH_TIMEOUT,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
        Matcher=Matcher(HttpCode="200"),
        TargetGroupAttributes=[
            # Without this, only the last of several headers with the same name is passed on.
            TargetGroupAttribute(Key="lambda.multi_value_headers.enabled", Value="true")
        ],
        Tags=Tags({LOAD_BALANCER_TAG: group.load_balancer}),
    )


def _listener_rule(rule: ListenerRule, actions: object) -> ListenerRuleResource:
    return ListenerRuleResource(
        rule.name,
        ListenerArn=Ref(rule.listener),
        Priority=rule.priority,
        Conditions=[_condition(condition) for condition in rule.conditions],
        Actions=actions,
    )


def _condition(condition: Condition) -> RuleCondition:
    values = list(condition.values)
    configurations: dict[str, dict[str, Any]] = {
        PATH: {"PathPatternConfig": PathPatternConfig(Values=values)},
        HEADER: {
            "HttpHeaderConfig": HttpHeaderConfig(HttpHeaderName=condition.name, Values=values)
        },
    }
    return RuleCondition(Field=condition.field, **configurations[condition.field])


def _actions(rule: ListenerRule, route: Route | None) -> object:
    """Return the actions of a rule; a path rule splits requests by the stage of its route.

    At stages 0 and 100 the other group is omitted, so that stickiness cannot send clients there.
    """
    if route is None:
        return [_forward_to(name) for name in rule.groups]
    old, new = rule.groups
    return If(
        f"{route.name}StaysThere",
        [_forward_to(old)],
        If(f"{route.name}ComesHere", [_forward_to(new)], [_split(route, old, new)]),
    )


def _forward_to(group: str) -> ListenerRuleAction:
    return ListenerRuleAction(Type="forward", TargetGroupArn=Ref(group))


def _split(route: Route, old: str, new: str) -> ListenerRuleAction:
    return ListenerRuleAction(
        Type="forward",
        ForwardConfig=ForwardConfig(
            TargetGroups=[_weighted(old, route, "Old"), _weighted(new, route, "New")],
            TargetGroupStickinessConfig=TargetGroupStickinessConfig(
                Enabled=True, DurationSeconds=Ref("StickySeconds")
            ),
        ),
    )


def _weighted(group: str, route: Route, column: str) -> TargetGroupTuple:
    weight = FindInMap(_WEIGHTS, Ref(route.stage), column)
    return TargetGroupTuple(TargetGroupArn=Ref(group), Weight=weight)
