"""CloudWatch alarms: errors, throttling and latency of the function; unhealthy targets."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Join, Ref, Select, Split, Template
from troposphere.cloudwatch import Alarm, MetricDimension

from passport_scorer.tools.aws.routing import SIDES, Side
from passport_scorer.tools.aws.template.function import FUNCTION
from passport_scorer.tools.aws.template.parameters import HAS_ALARM_TOPIC, optional

_THREE_OF_FIVE_MINUTES = {"Period": 60, "EvaluationPeriods": 5, "DatapointsToAlarm": 3}
_FUNCTION_METRICS = "AWS/Lambda"
_LOAD_BALANCER_METRICS = "AWS/ApplicationELB"


def add_alarms(template: Template) -> None:
    """Add the alarms, which notify AlarmTopicArn if it is set."""
    function = {"FunctionName": Ref(FUNCTION)}
    for title, description, metric, statistic, threshold in (
        ("ErrorsAlarm", "Invocations fail.", "Errors", {"Statistic": "Sum"}, 0),
        ("ThrottlesAlarm", "Invocations are throttled.", "Throttles", {"Statistic": "Sum"}, 0),
        (
            "DurationAlarm",
            "The 99th percentile of the duration is above SlowMilliseconds.",
            "Duration",
            {"ExtendedStatistic": "p99"},
            Ref("SlowMilliseconds"),
        ),
    ):
        template.add_resource(
            _alarm(title, description, _FUNCTION_METRICS, metric, function, threshold, **statistic)
        )
    for side in SIDES:
        for alarm in _side_alarms(side):
            template.add_resource(alarm)


def _side_alarms(side: Side) -> tuple[Alarm, Alarm]:
    dimensions = {
        "LoadBalancer": _load_balancer_name(side),
        "TargetGroup": GetAtt(side.group, "TargetGroupFullName"),
    }
    name = side.load_balancer
    return (
        _alarm(
            f"{side.name}ServerErrorsAlarm",
            f"Responses to the {name} load balancer have status 5xx.",
            _LOAD_BALANCER_METRICS,
            "HTTPCode_Target_5XX_Count",
            dimensions,
            0,
            Statistic="Sum",
        ),
        _alarm(
            f"{side.name}UnhealthyAlarm",
            f"The function is unhealthy for the {name} load balancer. Check its database.",
            _LOAD_BALANCER_METRICS,
            "UnHealthyHostCount",
            dimensions,
            0,
            Statistic="Maximum",
        ),
    )


def _alarm(
    title: str,
    description: str,
    namespace: str,
    metric: str,
    dimensions: dict[str, Any],
    threshold: object,
    **statistic: str,
) -> Alarm:
    """Return an alarm for three of five minutes above the threshold; no data counts as good."""
    topic = optional(HAS_ALARM_TOPIC, [Ref("AlarmTopicArn")])
    named = [MetricDimension(Name=key, Value=value) for key, value in dimensions.items()]
    return Alarm(
        title,
        AlarmDescription=description,
        Namespace=namespace,
        MetricName=metric,
        Dimensions=named,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=threshold,
        **_THREE_OF_FIVE_MINUTES,
        TreatMissingData="notBreaching",
        AlarmActions=topic,
        OKActions=topic,
        **statistic,
    )


def _load_balancer_name(side: Side) -> Join:
    """Extract `app/name/id` from the ARN of the listener: …listener/app/name/id/id."""
    parts = Split("/", Ref(side.listener))
    return Join("/", [Select(number, parts) for number in (1, 2, 3)])
