"""Routing between the existing deployment and this one, behind two load balancers.

Every route has two listener rules: a header rule, which routes marked requests to this deployment,
and a path rule, which splits all other requests by weight. The header rule is more specific, so it
has the lower priority number.

Source: docs/rules/deployment.md, "Routing between two deployments" and "Infrastructure rules".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.tools.aws.infrastructure import (
    HEADER,
    PATH,
    Condition,
    Infrastructure,
    InvokePermission,
    ListenerRule,
    LoadBalancerListener,
    TargetGroup,
)

FIRST_HEADER_PRIORITY = 2090
FIRST_PATH_PRIORITY = 2100
STAGES = (0, 5, 10, 25, 50, 100)  # percent of the requests to this deployment


class Side(msgspec.Struct, frozen=True):
    """One of the two load balancers.

    Attributes:
        name: `Public` or `Internal`, the prefix of names in the template.
        internal: True if it is reachable only from the private network.
    """

    name: str
    internal: bool

    @property
    def load_balancer(self) -> str:
        """The name of the load balancer in the tags of target groups."""
        return self.name.lower()

    @property
    def listener(self) -> str:
        """The parameter with the ARN of the listener."""
        return f"{self.name}ListenerArn"

    @property
    def group(self) -> str:
        """The target group of this deployment."""
        return f"{self.name}TargetGroup"

    @property
    def old_group(self) -> str:
        """The parameter with the ARN of the existing deployment's target group."""
        return f"Old{self.name}TargetGroupArn"

    @property
    def permission(self) -> str:
        """The permission for the load balancer to invoke the function."""
        return f"{self.name}InvokePermission"


PUBLIC = Side("Public", internal=False)
INTERNAL = Side("Internal", internal=True)
SIDES = (PUBLIC, INTERNAL)


class Route(msgspec.Struct, frozen=True):
    """Paths that are migrated together.

    Attributes:
        name: the suffix of names in the template.
        path: the path pattern.
        side: the load balancer.
        gated: True if the service can be configured to serve only marked requests.
    """

    name: str
    path: str
    side: Side
    gated: bool

    @property
    def header_rule(self) -> str:
        """The name of the header rule."""
        return f"HeaderRule{self.name}"

    @property
    def path_rule(self) -> str:
        """The name of the path rule."""
        return f"PathRule{self.name}"

    @property
    def stage(self) -> str:
        """The parameter with the percentage of requests to this deployment."""
        return f"Stage{self.name}"


ROUTES = (
    Route("V2", "/v2/*", PUBLIC, gated=False),
    Route("CeramicCache", "/ceramic-cache/*", PUBLIC, gated=True),
    Route("InternalEmbed", "/internal/embed/*", INTERNAL, gated=True),
    Route("Internal", "/internal/*", INTERNAL, gated=False),
)


class InvalidChoice(PassportScorerError):
    """An option for the template is invalid."""

    code = "invalid_choice"


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """The options of a template; everything else is a CloudFormation parameter.

    Attributes:
        name: the name of the deployment, the prefix of resource names in the account.
        architecture: `arm64` or `x86_64`.
        routing_header: the header that marks requests for this deployment with the value `true`.
    """

    name: str = "passport-scorer"
    architecture: str = "arm64"
    routing_header: str = "X-Use-Rust-Scorer"


def check_choices(choices: Choices) -> None:
    """Check the options, except lengths of names, which are infrastructure rules.

    Raises:
        InvalidChoice: an option is invalid; the message says what is expected.
    """
    if choices.architecture not in {"arm64", "x86_64"}:
        raise InvalidChoice("The architecture must be arm64 or x86_64.")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", choices.name):
        raise InvalidChoice("The name must consist of letters, digits, and hyphens in between.")
    if not re.fullmatch(r"[A-Za-z0-9-]{1,40}", choices.routing_header):
        raise InvalidChoice("The routing header must be 1 to 40 letters, digits and hyphens.")


def infrastructure(choices: Choices, routes: Sequence[Route] = ROUTES) -> Infrastructure:
    """Return the load balancing of the template.

    Args:
        choices: the checked options.
        routes: the routes in the order of priority; specific ones before general ones.
    """
    return Infrastructure(
        listeners=tuple(
            LoadBalancerListener(
                name=side.listener, load_balancer=side.load_balancer, internal=side.internal
            )
            for side in SIDES
        ),
        rules=(*_header_rules(choices, routes), *_path_rules(routes)),
        groups=tuple(group for side in SIDES for group in _groups(choices, side)),
        permissions=tuple(
            InvokePermission(name=side.permission, group=side.group) for side in SIDES
        ),
    )


def group_called(choices: Choices, side: Side) -> str:
    """Return the name of a side's target group in the account."""
    return f"{choices.name}-{side.load_balancer}"


def _header_rules(choices: Choices, routes: Sequence[Route]) -> list[ListenerRule]:
    marked = Condition(HEADER, ("true",), choices.routing_header)
    return [
        ListenerRule(
            name=route.header_rule,
            priority=priority,
            listener=route.side.listener,
            conditions=(Condition(PATH, (route.path,)), marked),
            groups=(route.side.group,),
        )
        for priority, route in enumerate(routes, FIRST_HEADER_PRIORITY)
    ]


def _path_rules(routes: Sequence[Route]) -> list[ListenerRule]:
    return [
        ListenerRule(
            name=route.path_rule,
            priority=priority,
            listener=route.side.listener,
            conditions=(Condition(PATH, (route.path,)),),
            groups=(route.side.old_group, route.side.group),
        )
        for priority, route in enumerate(routes, FIRST_PATH_PRIORITY)
    ]


def _groups(choices: Choices, side: Side) -> tuple[TargetGroup, TargetGroup]:
    own = TargetGroup(
        name=side.group,
        called=group_called(choices, side),
        load_balancer=side.load_balancer,
        invokes_function=True,
    )
    return own, TargetGroup(name=side.old_group, load_balancer=side.load_balancer)
