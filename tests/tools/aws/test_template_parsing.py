"""Parsing of templates that others wrote."""

from __future__ import annotations

from typing import Any

import pytest

from passport_scorer.tools.aws.errors import (
    MissingInvokePermission,
    SharedTargetGroup,
    TemplateFileProblem,
)
from passport_scorer.tools.aws.infrastructure import Condition
from passport_scorer.tools.aws.rules import violations
from passport_scorer.tools.aws.template_parsing import read_infrastructure

ELB = "AWS::ElasticLoadBalancingV2::"


def rule(listener: object, group: object, priority: object = 1, path: str = "/v2/*") -> Any:
    """Return a listener rule as a resource."""
    return {
        "Type": ELB + "ListenerRule",
        "Properties": {
            "ListenerArn": listener,
            "Priority": priority,
            "Conditions": [{"Field": "path-pattern", "Values": [path]}],
            "Actions": [{"Type": "forward", "TargetGroupArn": group}],
        },
    }


def test_listeners_of_the_template() -> None:
    """Two listeners with the same load balancer in the template share it."""
    listener = {
        "Type": ELB + "Listener",
        "Properties": {"LoadBalancerArn": {"Ref": "Balancer"}},
    }
    found = read_infrastructure(
        {
            "Resources": {
                "Http": listener,
                "Https": listener,
                "A": rule({"Ref": "Http"}, {"Ref": "Group"}, 1),
                "B": rule({"Ref": "Https"}, {"Ref": "Group"}, "2"),
                "Group": {"Type": ELB + "TargetGroup", "Properties": {"TargetType": "ip"}},
            }
        },
        [],
    )
    assert {listener.load_balancer for listener in found.listeners} == {"Balancer"}
    assert [rule.priority for rule in found.rules] == [1, 2]
    assert list(violations(found)) == []


def test_listeners_from_elsewhere() -> None:
    """Listeners that are parameters count as two load balancers, which cannot share a group."""
    found = read_infrastructure(
        {"Resources": {"A": rule("arn:a", {"Ref": "G"}, 1), "B": rule("arn:b", {"Ref": "G"}, 2)}},
        [],
    )
    (error,) = violations(found)
    assert isinstance(error, SharedTargetGroup)


def test_conditions_of_all_kinds() -> None:
    """Values are found in both forms of a condition, and so is the name of a header."""
    resource = rule("arn:a", "arn:g")
    resource["Properties"]["Conditions"] = [
        {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a", {"Ref": "P"}]}},
        {
            "Field": "http-header",
            "HttpHeaderConfig": {"HttpHeaderName": "X", "Values": [{"Fn::Sub": "${Value}"}]},
        },
        {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["GET"]}},
    ]
    found = read_infrastructure({"Resources": {"A": resource}}, [])
    assert found.rules[0].conditions == (
        Condition("path-pattern", ("/a", "P")),
        Condition("http-header", ("Value",), "X"),
        Condition("http-request-method", ("GET",)),
    )


@pytest.mark.parametrize(
    ("source", "permitted"),
    [
        ({"Ref": "G"}, True),
        ({"Fn::GetAtt": ["G", "TargetGroupArn"]}, True),
        ("arn:aws:elasticloadbalancing:x:1:targetgroup/mine/abc", True),
        ({"Fn::Sub": "arn:${AWS::Partition}:x:${AWS::Region}:targetgroup/mine/*"}, True),
        ("arn:aws:elasticloadbalancing:x:1:targetgroup/other/*", False),
        ("arn:aws:elasticloadbalancing:x:1:targetgroup/*", False),
        ("arn:aws:elasticloadbalancing:x:1:targetgroup/mine*/abc", False),
        ({"Ref": "Other"}, False),
        (None, False),
    ],
)
def test_permissions(source: object, *, permitted: bool) -> None:
    """A permission is for a group if its source is exactly that group."""
    properties = {
        "Action": "lambda:InvokeFunction",
        "Principal": "elasticloadbalancing.amazonaws.com",
        **({"SourceArn": source} if source else {}),
    }
    group = {"Type": ELB + "TargetGroup", "Properties": {"TargetType": "lambda", "Name": "mine"}}
    permission = {"Type": "AWS::Lambda::Permission", "Properties": properties}
    found = read_infrastructure({"Resources": {"G": group, "P": permission}}, [])
    missing = [error for error in violations(found) if isinstance(error, MissingInvokePermission)]
    assert bool(missing) is not permitted


@pytest.mark.parametrize(
    "properties",
    [
        {"Action": "lambda:GetFunction", "Principal": "elasticloadbalancing.amazonaws.com"},
        {"Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"},
    ],
)
def test_permissions_for_others(properties: dict[str, str]) -> None:
    """A permission for a different service or action is ignored."""
    permission = {"Type": "AWS::Lambda::Permission", "Properties": properties}
    assert read_infrastructure({"Resources": {"P": permission}}, []).permissions == ()


def test_names_that_are_functions() -> None:
    """A name that is neither a literal nor a reference is normalized to its JSON."""
    join = {"Fn::Join": ["", ["a", "b"]]}
    found = read_infrastructure({"Resources": {"A": rule(join, {"Fn::Sub": "x${A}y${B}"})}}, [])
    assert found.rules[0].listener == '{"Fn::Join":["",["a","b"]]}'
    assert found.rules[0].groups == ("x${A}y${B}",)


@pytest.mark.parametrize(
    "template",
    [
        {},
        {"Resources": []},
        {"Resources": {"A": {}}},
        {"Resources": {"A": {"Type": ELB + "ListenerRule"}}},
        {"Resources": {"A": rule("a", "b", {"Ref": "Priority"})}},
        {"Resources": {"A": rule("a", "b", "first")}},
    ],
)
def test_no_template(template: dict[str, Any]) -> None:
    """An invalid template, or one with variable priorities, is rejected in one line."""
    with pytest.raises(TemplateFileProblem) as refused:
        read_infrastructure(template, [])
    assert "\n" not in refused.value.message
