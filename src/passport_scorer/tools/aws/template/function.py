"""The function with its role, security group and log group."""

from __future__ import annotations

import json
from typing import Any

from troposphere import GetAtt, If, NoValue, Output, Ref, Split, Sub, Template
from troposphere.awslambda import (
    Alias,
    Code,
    Environment,
    Function,
    LoggingConfig,
    SnapStart,
    Version,
    VPCConfig,
)
from troposphere.ec2 import SecurityGroup, SecurityGroupRule
from troposphere.iam import Policy, Role
from troposphere.logs import LogGroup

from passport_scorer.tools.aws.routing import INTERNAL, Choices, group_called
from passport_scorer.tools.aws.template.parameters import (
    HAS_CODE_VERSION,
    HAS_COLLECTOR,
    HAS_CONCURRENCY,
    HAS_SECRET_KEY,
    HAS_SNAPSHOT,
    IN_VPC,
    IS_GATED,
    optional,
)

FUNCTION = "Function"
HANDLER = "passport_scorer.aws_lambda.handler"
RUNTIME = "python3.13"
MEMORY = 256  # megabytes
TIMEOUT = 30  # seconds
_ALIAS = "Alias"
_VERSION = "Version"
_LOG_GROUP = "LogGroup"
_ROLE = "Role"
_SECURITY_GROUP = "SecurityGroup"
_REDIS_PORT = 6379
_HTTPS_PORT = 443


def add_function(template: Template, choices: Choices) -> None:
    """Add the function with its role, log group and security group."""
    template.add_resource(
        LogGroup(
            _LOG_GROUP,
            LogGroupName=f"/aws/lambda/{choices.name}",
            RetentionInDays=Ref("LogRetentionDays"),
            DeletionPolicy="Retain",
            UpdateReplacePolicy="Retain",
        )
    )
    template.add_resource(_role())
    template.add_resource(_security_group())
    template.add_resource(_function(choices))
    _add_version(template)
    template.add_output(
        Output(
            "SecurityGroupId",
            Condition=IN_VPC,
            Description="The security group that the database and Redis must allow.",
            Value=Ref(_SECURITY_GROUP),
        )
    )


def invoked() -> If:
    """Return the ARN that load balancers invoke: the alias of a version with a snapshot, if any."""
    return If(HAS_SNAPSHOT, Ref(_ALIAS), GetAtt(FUNCTION, "Arn"))


def _add_version(template: Template) -> None:
    """Add the version that Lambda takes a snapshot of, and an alias for it."""
    template.add_resource(
        Version(
            _VERSION,
            Condition=HAS_SNAPSHOT,
            FunctionName=Ref(FUNCTION),
            # A version never changes: CloudFormation publishes one when its description is new.
            Description=Ref("SnapshotLabel"),
        )
    )
    template.add_resource(
        Alias(
            _ALIAS,
            Condition=HAS_SNAPSHOT,
            Name="live",
            FunctionName=Ref(FUNCTION),
            FunctionVersion=GetAtt(_VERSION, "Version"),
        )
    )


def _function(choices: Choices) -> Function:
    return Function(
        FUNCTION,
        FunctionName=choices.name,
        Description="Tells whether an Ethereum address belongs to a unique human.",
        Architectures=[choices.architecture],
        Runtime=RUNTIME,
        Handler=HANDLER,
        MemorySize=MEMORY,
        Timeout=TIMEOUT,
        Code=Code(
            S3Bucket=Ref("CodeBucket"),
            S3Key=Ref("CodeKey"),
            S3ObjectVersion=optional(HAS_CODE_VERSION, Ref("CodeVersion")),
        ),
        Role=GetAtt(_ROLE, "Arn"),
        SnapStart=optional(HAS_SNAPSHOT, SnapStart(ApplyOn="PublishedVersions")),
        Layers=optional(HAS_COLLECTOR, [Ref("CollectorLayerArn")]),
        ReservedConcurrentExecutions=optional(HAS_CONCURRENCY, Ref("ReservedConcurrency")),
        LoggingConfig=LoggingConfig(LogGroup=Ref(_LOG_GROUP)),
        VpcConfig=optional(
            IN_VPC,
            VPCConfig(
                SecurityGroupIds=[Ref(_SECURITY_GROUP)], SubnetIds=Split(",", Ref("SubnetIds"))
            ),
        ),
        Environment=Environment(Variables=_variables(choices)),
    )


def _variables(choices: Choices) -> dict[str, Any]:
    """Return the environment variables; all other settings are in the secret."""
    return {
        # Requests from these target groups can use internal endpoints.
        "LAMBDA_INTERNAL_TARGET_GROUPS": json.dumps([group_called(choices, INTERNAL)]),
        "SCORER_SERVER_SSM_ARN": Ref("SecretArn"),
        "ENVIRONMENT": Ref("Environment"),
        "ROUTING_HEADER": If(IS_GATED, choices.routing_header, NoValue),
        "OTEL_ENABLED": If(HAS_COLLECTOR, "on", "off"),
        "OTEL_TRACE_SAMPLING_RATE": Ref("TraceSamplingRate"),
    }


def _role() -> Role:
    return Role(
        _ROLE,
        AssumeRolePolicyDocument=_document(
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ),
        Policies=[
            _policy(
                "logs", ["logs:CreateLogStream", "logs:PutLogEvents"], GetAtt(_LOG_GROUP, "Arn")
            ),
            _policy("secret", ["secretsmanager:GetSecretValue"], Ref("SecretArn")),
            optional(HAS_SECRET_KEY, _policy("secret-key", ["kms:Decrypt"], Ref("SecretKeyArn"))),
            optional(IN_VPC, _network_policy()),
            optional(
                HAS_COLLECTOR,
                # These actions do not support resource-level permissions.
                _policy("traces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
            ),
        ],
    )


def _network_policy() -> Policy:
    """Allow managing network interfaces, which a function in a VPC needs."""
    return _policy(
        "network",
        [
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        ],
        "*",
    )


def _policy(name: str, actions: list[str], resource: object) -> Policy:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return Policy(PolicyName=name, PolicyDocument=_document(statement))


def _document(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def _security_group() -> SecurityGroup:
    """Allow no ingress; allow egress to PostgreSQL, Redis and HTTPS."""
    return SecurityGroup(
        _SECURITY_GROUP,
        Condition=IN_VPC,
        GroupDescription=Sub("The function of ${AWS::StackName}"),
        VpcId=Ref("VpcId"),
        SecurityGroupEgress=[
            _egress(Ref("DatabasePort"), Ref("PrivateNetworks"), "PostgreSQL"),
            _egress(_REDIS_PORT, Ref("PrivateNetworks"), "Redis"),
            _egress(_HTTPS_PORT, "0.0.0.0/0", "Secrets, the stamp catalogue, Ethereum nodes"),
        ],
    )


def _egress(port: object, network: object, description: str) -> SecurityGroupRule:
    return SecurityGroupRule(
        IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp=network, Description=description
    )
