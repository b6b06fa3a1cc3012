"""The parameters of the template, with their conditions and rules."""

from __future__ import annotations

from typing import Any

from troposphere import And, Equals, If, Not, NoValue, Parameter, Ref, Template

from passport_scorer.tools.aws.routing import ROUTES, SIDES, STAGES

IN_VPC = "InVpc"
IS_GATED = "IsGated"
HAS_COLLECTOR = "HasCollector"
HAS_SECRET_KEY = "HasSecretKey"  # noqa: S105  the name of a condition
HAS_CODE_VERSION = "HasCodeVersion"
HAS_CONCURRENCY = "HasConcurrency"
HAS_SNAPSHOT = "HasSnapshot"
HAS_ALARM_TOPIC = "HasAlarmTopic"

# name: (description, optional, pattern)
_TEXTS: dict[str, tuple[str, bool, str]] = {
    "CodeBucket": ("S3 bucket with the zip of the function", False, "[a-z0-9.-]{3,63}"),
    "CodeKey": ("S3 key of the zip", False, ".{1,1024}"),
    "CodeVersion": ("S3 version of the zip, if the bucket is versioned", True, ".{1,1024}"),
    "SecretArn": (
        "Secret with a JSON object of environment variables, the only one the function can read",
        False,
        "arn:[a-z-]+:secretsmanager:.+",
    ),
    "SecretKeyArn": (
        "KMS key of the secret, unless it is the default key of the account",
        True,
        "arn:[a-z-]+:kms:.+",
    ),
    "CollectorLayerArn": (
        "ADOT collector layer for the region and architecture; empty to disable traces",
        True,
        "arn:[a-z-]+:lambda:.+:layer:.+:[0-9]+",
    ),
    "VpcId": ("VPC of the database; empty to run the function outside a VPC", True, "vpc-.+"),
    "SubnetIds": (
        "Comma-separated subnets for the function in the VPC",
        True,
        "subnet-[0-9a-z]+(,subnet-[0-9a-z]+)*",
    ),
    "ReservedConcurrency": (
        "Maximum number of concurrent invocations, which bounds database connections",
        True,
        "[0-9]{1,5}",
    ),
    "SnapshotLabel": (
        "Label of the version that starts from a snapshot (SnapStart), a new one for each"
        " deployment; empty to start without snapshots",
        True,
        "[A-Za-z0-9._-]{1,64}",
    ),
    "AlarmTopicArn": ("SNS topic for alarms", True, "arn:[a-z-]+:sns:.+"),
}

_WITH_DEFAULTS: dict[str, dict[str, Any]] = {
    "GateByHeader": {
        "Type": "String",
        "Default": "off",
        "AllowedValues": ["on", "off"],
        "Description": "on: the function rejects gated requests without the routing header.",
    },
    "PrivateNetworks": {
        "Type": "String",
        "Default": "10.0.0.0/8",
        "AllowedPattern": "^[0-9.]+/[0-9]{1,2}$",
        "Description": "CIDR block of the database and Redis.",
    },
    "DatabasePort": {
        "Type": "Number",
        "Default": 5432,
        "MinValue": 1,
        "MaxValue": 65535,
        "Description": "Port of the database or its proxy.",
    },
    "StickySeconds": {
        "Type": "Number",
        "Default": 3600,
        "MinValue": 1,
        "MaxValue": 604800,
        "Description": "Seconds of session stickiness to a deployment.",
    },
    "SlowMilliseconds": {
        "Type": "Number",
        "Default": 3000,
        "MinValue": 100,
        "MaxValue": 30000,
        "Description": "Threshold of the latency alarm (99th percentile).",
    },
    "LogRetentionDays": {
        "Type": "Number",
        "Default": 30,
        "AllowedValues": [1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 731],
        "Description": "Log retention in days.",
    },
    "TraceSamplingRate": {
        "Type": "Number",
        "Default": "0.01",
        "MinValue": 0,
        "MaxValue": 1,
        "Description": "Share of requests to trace.",
    },
    "Environment": {
        "Type": "String",
        "Default": "production",
        "AllowedPattern": "^[A-Za-z0-9_-]{1,64}$",
        "Description": "Name of the environment in logs and traces.",
    },
}


def add_parameters(template: Template) -> None:
    """Add all parameters, conditions and rules."""
    for side in SIDES:
        name = side.load_balancer
        _text(
            template,
            side.listener,
            f"Listener of the {name} load balancer",
            _arn("listener/app/"),
        )
        _text(
            template,
            side.old_group,
            f"Target group of the existing deployment on the {name} load balancer",
            _arn("targetgroup/"),
        )
    for name, (description, optional, pattern) in _TEXTS.items():
        _text(template, name, description, pattern, optional=optional)
    _add_stages(template)
    for name, fields in _WITH_DEFAULTS.items():
        template.add_parameter(Parameter(name, **fields))
    _conditions(template)
    _add_rules(template)


def optional(condition: str, value: object) -> If:
    """Return a value that is omitted unless a condition holds."""
    return If(condition, value, NoValue)


def _arn(what: str) -> str:
    return f"arn:[a-z-]+:elasticloadbalancing:.+:{what}.+"


def _text(
    template: Template, name: str, description: str, pattern: str, *, optional: bool = False
) -> None:
    more = {"Default": ""} if optional else {}
    template.add_parameter(
        Parameter(
            name,
            Type="String",
            Description=f"{description}.",
            AllowedPattern=f"^({pattern})?$" if optional else f"^{pattern}$",
            **more,
        )
    )


def _add_stages(template: Template) -> None:
    for route in ROUTES:
        template.add_parameter(
            Parameter(
                route.stage,
                Type="Number",
                Default=0,
                AllowedValues=list(STAGES),
                Description=f"Percentage of requests to {route.path} routed to this deployment.",
            )
        )


def _conditions(template: Template) -> None:
    given = {
        IN_VPC: "VpcId",
        HAS_COLLECTOR: "CollectorLayerArn",
        HAS_SECRET_KEY: "SecretKeyArn",
        HAS_CODE_VERSION: "CodeVersion",
        HAS_CONCURRENCY: "ReservedConcurrency",
        HAS_SNAPSHOT: "SnapshotLabel",
        HAS_ALARM_TOPIC: "AlarmTopicArn",
    }
    for condition, parameter in given.items():
        template.add_condition(condition, Not(Equals(Ref(parameter), "")))
    template.add_condition(IS_GATED, Equals(Ref("GateByHeader"), "on"))
    for route in ROUTES:
        template.add_condition(f"{route.name}StaysThere", Equals(Ref(route.stage), "0"))
        template.add_condition(f"{route.name}ComesHere", Equals(Ref(route.stage), str(STAGES[-1])))


def _add_rules(template: Template) -> None:
    """Add constraints between parameters, which CloudFormation checks before deploying."""
    gated = [Equals(Ref(route.stage), "0") for route in ROUTES if route.gated]
    _add_rule(
        template,
        "GatedRequestsAreMarked",
        Equals(Ref("GateByHeader"), "on"),
        And(*gated),
        "With GateByHeader, unmarked requests get 404: gated routes must be at stage 0.",
    )
    _add_rule(
        template,
        "ANetworkHasSubnets",
        Not(Equals(Ref("VpcId"), "")),
        Not(Equals(Ref("SubnetIds"), "")),
        "VpcId requires SubnetIds.",
    )


def _add_rule(
    template: Template, name: str, condition: object, assertion: object, description: str
) -> None:
    template.add_rule(
        name,
        {
            "RuleCondition": condition,
            "Assertions": [{"Assert": assertion, "AssertDescription": description}],
        },
    )
