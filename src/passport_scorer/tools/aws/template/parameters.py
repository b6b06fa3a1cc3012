"""The parameters of the template: what differs from one account to the next."""

from __future__ import annotations

from troposphere import And, Equals, If, Not, NoValue, Parameter, Ref, Template

from passport_scorer.tools.aws.routing import ROUTES, SIDES, STAGES

IN_VPC = "InVpc"
IS_GATED = "IsGated"
HAS_COLLECTOR = "HasCollector"
HAS_SECRET_KEY = "HasSecretKey"  # noqa: S105  the name of a condition
HAS_CODE_VERSION = "HasCodeVersion"
HAS_CONCURRENCY = "HasConcurrency"
HAS_ALARM_TOPIC = "HasAlarmTopic"

# name: (what it says, whether it may be left out, what it must look like)
_TEXTS: dict[str, tuple[str, bool, str]] = {
    "CodeBucket": ("The S3 bucket with the zip of the function", False, "[a-z0-9.-]{3,63}"),
    "CodeKey": ("Its key in the bucket", False, ".{1,1024}"),
    "CodeVersion": ("Its version, if the bucket keeps versions", True, ".{1,1024}"),
    "SecretArn": (
        "The one secret that the function may read, a JSON object of variables",
        False,
        "arn:[a-z-]+:secretsmanager:.+",
    ),
    "SecretKeyArn": (
        "The KMS key of the secret, unless it is the account's own",
        True,
        "arn:[a-z-]+:kms:.+",
    ),
    "CollectorLayerArn": (
        "The ADOT collector layer of the region and architecture; none: there are no traces",
        True,
        "arn:[a-z-]+:lambda:.+:layer:.+:[0-9]+",
    ),
    "VpcId": ("The network of the database; none: the function is in no network", True, "vpc-.+"),
    "SubnetIds": (
        "Subnets of the function in that network, separated by commas",
        True,
        "subnet-[0-9a-z]+(,subnet-[0-9a-z]+)*",
    ),
    "ReservedConcurrency": (
        "Invocations at the same time at most, and so connections of the database",
        True,
        "[0-9]{1,5}",
    ),
    "AlarmTopicArn": ("The SNS topic that alarms are sent to", True, "arn:[a-z-]+:sns:.+"),
}


def add_parameters(template: Template) -> None:
    """Add all parameters, the conditions on them, and the rules that they must keep together."""
    for side in SIDES:
        name = side.load_balancer
        _text(
            template,
            side.listener,
            f"The listener of the {name} load balancer",
            _arn("listener/app/"),
        )
        _text(
            template,
            side.old_group,
            f"The target group of the other deployment, on the {name} load balancer",
            _arn("targetgroup/"),
        )
    for name, (description, optional, pattern) in _TEXTS.items():
        _text(template, name, description, pattern, optional=optional)
    _other_parameters(template)
    _conditions(template)
    _add_rules(template)


def optional(condition: str, value: object) -> If:
    """Return a value that is left out unless a condition holds."""
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


def _other_parameters(template: Template) -> None:
    for route in ROUTES:
        template.add_parameter(
            Parameter(
                route.stage,
                Type="Number",
                Default=0,
                AllowedValues=list(STAGES),
                Description=f"Per cent of the requests to {route.path} that come here.",
            )
        )
    template.add_parameter(
        Parameter(
            "GateByHeader",
            Type="String",
            Default="off",
            AllowedValues=["on", "off"],
            Description="on: the function refuses gated requests without the routing header.",
        )
    )
    template.add_parameter(
        Parameter(
            "PrivateNetworks",
            Type="String",
            Default="10.0.0.0/8",
            AllowedPattern="^[0-9.]+/[0-9]{1,2}$",
            Description="Where the database and Redis are, seen from the function.",
        )
    )
    numbers = {
        "DatabasePort": (5432, 1, 65535, "The port of the database or its proxy."),
        "StickySeconds": (3600, 1, 604800, "Seconds that a client stays with a deployment."),
        "SlowMilliseconds": (3000, 100, 30000, "The 99th percentile above which the alarm rings."),
    }
    for name, (default, least, most, description) in numbers.items():
        template.add_parameter(
            Parameter(
                name,
                Type="Number",
                Default=default,
                MinValue=least,
                MaxValue=most,
                Description=description,
            )
        )
    template.add_parameter(
        Parameter(
            "LogRetentionDays",
            Type="Number",
            Default=30,
            AllowedValues=[1, 3, 5, 7, 14, 30, 60, 90, 180, 365, 731],
            Description="Days after which logs are deleted.",
        )
    )
    template.add_parameter(
        Parameter(
            "TraceSamplingRate",
            Type="Number",
            Default="0.01",
            MinValue=0,
            MaxValue=1,
            Description="The share of requests that are traced.",
        )
    )
    template.add_parameter(
        Parameter(
            "Environment",
            Type="String",
            Default="production",
            AllowedPattern="^[A-Za-z0-9_-]{1,64}$",
            Description="Name of the deployment in logs and traces.",
        )
    )


def _conditions(template: Template) -> None:
    given = {
        IN_VPC: "VpcId",
        HAS_COLLECTOR: "CollectorLayerArn",
        HAS_SECRET_KEY: "SecretKeyArn",
        HAS_CODE_VERSION: "CodeVersion",
        HAS_CONCURRENCY: "ReservedConcurrency",
        HAS_ALARM_TOPIC: "AlarmTopicArn",
    }
    for condition, parameter in given.items():
        template.add_condition(condition, Not(Equals(Ref(parameter), "")))
    template.add_condition(IS_GATED, Equals(Ref("GateByHeader"), "on"))
    for route in ROUTES:
        template.add_condition(f"{route.name}StaysThere", Equals(Ref(route.stage), "0"))
        template.add_condition(f"{route.name}ComesHere", Equals(Ref(route.stage), str(STAGES[-1])))


def _add_rules(template: Template) -> None:
    """Add what parameters must keep together; CloudFormation refuses to deploy otherwise."""
    gated = [Equals(Ref(route.stage), "0") for route in ROUTES if route.gated]
    template.add_rule(
        "GatedRequestsAreMarked",
        {
            "RuleCondition": Equals(Ref("GateByHeader"), "on"),
            "Assertions": [
                {
                    "Assert": And(*gated),
                    "AssertDescription": "With GateByHeader, unmarked requests get 404: "
                    "gated routes must be at stage 0.",
                }
            ],
        },
    )
    template.add_rule(
        "ANetworkHasSubnets",
        {
            "RuleCondition": Not(Equals(Ref("VpcId"), "")),
            "Assertions": [
                {
                    "Assert": Not(Equals(Ref("SubnetIds"), "")),
                    "AssertDescription": "VpcId needs SubnetIds.",
                }
            ],
        },
    )
