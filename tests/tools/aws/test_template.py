"""The templates in deploy/aws are up to date, valid, and match the plan."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import cfn_flip
import msgspec
import pytest

from passport_scorer.tools.aws.errors import RuleNeverMatches
from passport_scorer.tools.aws.infrastructure import Infrastructure
from passport_scorer.tools.aws.routing import ROUTES, Choices, InvalidChoice, infrastructure
from passport_scorer.tools.aws.template.build import build_template, template_text
from passport_scorer.tools.aws.template_parsing import read_infrastructure

FOLDER = Path(__file__).parents[3] / "deploy" / "aws"
ARCHITECTURES = ("arm64", "x86_64")
CONDITIONS = {"StaysThere": 0, "ComesHere": 100}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """Return the template with functions in long form."""
    loaded, _ = cfn_flip.load(template_text(Choices()))
    return json.loads(json.dumps(loaded))  # type: ignore[no-any-return]


@pytest.fixture
def resources(template: dict[str, Any]) -> dict[str, Any]:
    """Return the resources of the template."""
    return template["Resources"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_committed_template_is_what_the_code_makes(architecture: str) -> None:
    """The committed templates are exactly what `passport-scorer deploy template` generates."""
    committed = (FOLDER / f"lambda-{architecture}.yaml").read_text()
    assert committed == template_text(Choices(architecture=architecture))


def test_there_are_no_other_templates() -> None:
    """Every committed template is tested."""
    assert {file.name for file in FOLDER.glob("*.yaml")} == {
        f"lambda-{architecture}.yaml" for architecture in ARCHITECTURES
    }


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_plan_is_read_back(architecture: str) -> None:
    """Parsing the template returns exactly the plan."""
    choices = Choices(name="other", architecture=architecture, routing_header="X-Other")
    loaded, _ = cfn_flip.load(template_text(choices))
    assert sorted_parts(read_infrastructure(loaded, ["InternalListenerArn"])) == sorted_parts(
        infrastructure(choices)
    )


def sorted_parts(some: Infrastructure) -> dict[str, list[Any]]:
    """Return everything in an order that does not depend on the template."""
    parts = {name: getattr(some, name) for name in some.__struct_fields__}
    by_name: dict[str, list[Any]] = {
        kind: sorted(found, key=lambda part: part.name) for kind, found in parts.items()
    }
    by_name["groups"] = [
        # A template doesn't say whose those are that it is given.
        msgspec.structs.replace(group, load_balancer=group.called and group.load_balancer)
        for group in by_name["groups"]
    ]
    by_name["rules"] = [
        msgspec.structs.replace(rule, groups=tuple(sorted(rule.groups)))
        for rule in by_name["rules"]
    ]
    return by_name


def test_a_broken_plan_becomes_no_template() -> None:
    """The rules are enforced when the template is built."""
    broken = infrastructure(Choices(), list(reversed(ROUTES)))
    with pytest.raises(RuleNeverMatches):
        build_template(Choices(), broken)
    with pytest.raises(InvalidChoice):
        template_text(Choices(architecture="sparc"))


def test_the_function(resources: dict[str, Any]) -> None:
    """Architecture, memory, timeout and handler match the specification."""
    function = resources["Function"]["Properties"]
    assert function["Architectures"] == ["arm64"]
    assert (function["MemorySize"], function["Timeout"]) == (256, 30)
    assert function["Handler"] == "passport_scorer.aws_lambda.handler"
    assert function["Environment"]["Variables"]["LAMBDA_INTERNAL_TARGET_GROUPS"] == (
        '["passport-scorer-internal"]'
    )


def test_the_version_with_a_snapshot(resources: dict[str, Any]) -> None:
    """With a label, load balancers invoke a version that is published for it, and nothing else."""
    function, version, alias = (resources[name] for name in ("Function", "Version", "Alias"))
    snapshot = {"ApplyOn": "PublishedVersions"}
    assert function["Properties"]["SnapStart"]["Fn::If"][:2] == ["HasSnapshot", snapshot]
    assert version["Condition"] == alias["Condition"] == "HasSnapshot"
    assert version["Properties"]["Description"] == {"Ref": "SnapshotLabel"}
    assert alias["Properties"]["FunctionVersion"] == {"Fn::GetAtt": ["Version", "Version"]}
    invoked = {"Fn::If": ["HasSnapshot", {"Ref": "Alias"}, {"Fn::GetAtt": ["Function", "Arn"]}]}
    permissions = [each for each in resources.values() if each["Type"].endswith("::Permission")]
    groups = [each for each in resources.values() if each["Type"].endswith("::TargetGroup")]
    assert len(permissions) == len(groups) == 2
    assert all(each["Properties"]["FunctionName"] == invoked for each in permissions)
    assert all(each["Properties"]["Targets"] == [{"Id": invoked}] for each in groups)


def test_the_zip_is_made_for_the_same_python(resources: dict[str, Any]) -> None:
    """The build script for the zip and the template use the same version of Python."""
    (version,) = re.findall(
        r'^PYTHON = "(.*)"', (FOLDER / "build_lambda.py").read_text(), re.MULTILINE
    )
    assert resources["Function"]["Properties"]["Runtime"] == f"python{version}"


def test_the_role_may_do_little(resources: dict[str, Any]) -> None:
    """The role allows one secret and its own logs; wildcard resources only if needed."""
    allowed = {
        policy["PolicyName"]: policy["PolicyDocument"]["Statement"][0]["Resource"]
        for policy in resources["Role"]["Properties"]["Policies"]
        if "Fn::If" not in policy
    }
    assert allowed == {
        "logs": {"Fn::GetAtt": ["LogGroup", "Arn"]},
        "secret": {"Ref": "SecretArn"},
    }
    conditional = {
        policy["Fn::If"][0]: policy["Fn::If"][1]["PolicyName"]
        for policy in resources["Role"]["Properties"]["Policies"]
        if "Fn::If" in policy
    }
    assert conditional == {
        "HasSecretKey": "secret-key",
        "InVpc": "network",
        "HasCollector": "traces",
    }
    assert "ManagedPolicyArns" not in resources["Role"]["Properties"]


@pytest.mark.parametrize("route", ROUTES, ids=[route.name for route in ROUTES])
def test_weighted_routing(template: dict[str, Any], route: Any) -> None:
    """Between stages 0 and 100 two groups share with stickiness; at the ends there is one group."""
    actions = template["Resources"][route.path_rule]["Properties"]["Actions"]["Fn::If"]
    assert actions[0] == f"{route.name}StaysThere"
    assert actions[1] == [forward_to(route.side.old_group)]
    condition, comes_here, shared = actions[2]["Fn::If"]
    assert condition == f"{route.name}ComesHere"
    assert comes_here == [forward_to(route.side.group)]
    configuration = shared[0]["ForwardConfig"]
    assert configuration["TargetGroupStickinessConfig"]["Enabled"] is True
    assert configuration["TargetGroups"] == [
        {
            "TargetGroupArn": {"Ref": group},
            "Weight": {"Fn::FindInMap": ["Weights", {"Ref": route.stage}, column]},
        }
        for group, column in ((route.side.old_group, "Old"), (route.side.group, "New"))
    ]
    for suffix, stage in CONDITIONS.items():
        assert template["Conditions"][f"{route.name}{suffix}"] == {
            "Fn::Equals": [{"Ref": route.stage}, str(stage)]
        }
    assert template["Parameters"][route.stage]["Default"] == 0
    assert template["Parameters"][route.stage]["AllowedValues"] == [0, 5, 10, 25, 50, 100]


def forward_to(group: str) -> dict[str, Any]:
    """Return the action that forwards everything to one group."""
    return {"Type": "forward", "TargetGroupArn": {"Ref": group}}


def test_weights(template: dict[str, Any]) -> None:
    """The weights of each stage add up to 100."""
    weights = template["Mappings"]["Weights"]
    assert {stage: pair["New"] for stage, pair in weights.items()} == {
        str(stage): stage for stage in (0, 5, 10, 25, 50, 100)
    }
    assert all(pair["Old"] + pair["New"] == 100 for pair in weights.values())


def test_gated_requests_can_not_be_lost(template: dict[str, Any]) -> None:
    """While the function rejects unmarked requests, none of them can be routed to it."""
    rule = template["Rules"]["GatedRequestsAreMarked"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "GateByHeader"}, "on"]}
    assert rule["Assertions"][0]["Assert"] == {
        "Fn::And": [
            {"Fn::Equals": [{"Ref": "StageCeramicCache"}, "0"]},
            {"Fn::Equals": [{"Ref": "StageInternalEmbed"}, "0"]},
        ]
    }


def test_alarms(resources: dict[str, Any]) -> None:
    """There is an alarm for each failure of the function and its target groups."""
    alarms = {
        name: (resource["Properties"]["MetricName"], resource["Properties"]["AlarmDescription"])
        for name, resource in resources.items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }
    assert {name: metric for name, (metric, _) in alarms.items()} == {
        "ErrorsAlarm": "Errors",
        "ThrottlesAlarm": "Throttles",
        "DurationAlarm": "Duration",
        "PublicServerErrorsAlarm": "HTTPCode_Target_5XX_Count",
        "InternalServerErrorsAlarm": "HTTPCode_Target_5XX_Count",
        "PublicUnhealthyAlarm": "UnHealthyHostCount",
        "InternalUnhealthyAlarm": "UnHealthyHostCount",
    }


def test_logs_do_not_stay_for_ever(resources: dict[str, Any]) -> None:
    """The template creates the log group, so that it has a retention."""
    group = resources["LogGroup"]["Properties"]
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert resources["Function"]["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": "LogGroup"}}
