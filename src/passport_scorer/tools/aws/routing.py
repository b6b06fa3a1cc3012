"""The service behind two load balancers, beside the deployment that it takes over from.

Every route has two listener rules: a header rule, by which marked requests come here, and a path
rule, which shares all other requests out by weight. The header rule has more conditions, so it has
the lower number.

Source: specification, operations.md ("Routing between two deployments", "Infrastructure rules").
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
    Listener,
    ListenerRule,
    TargetGroup,
)

FIRST_HEADER_PRIORITY = 2090
FIRST_PATH_PRIORITY = 2100
STAGES = (0, 5, 10, 25, 50, 100)  # per cent of the requests that come here


class Side(msgspec.Struct, frozen=True):
    """One of the two load balancers.

    Attributes:
        name: `Public` or `Internal`; names in the template begin with it.
        internal: True if only the private network reaches it.
    """

    name: str
    internal: bool

    @property
    def load_balancer(self) -> str:
        """The name of the load balancer, as the tags of target groups have it."""
        return self.name.lower()

    @property
    def listener(self) -> str:
        """The parameter that has its listener."""
        return f"{self.name}ListenerArn"

    @property
    def group(self) -> str:
        """The target group of this service."""
        return f"{self.name}TargetGroup"

    @property
    def old_group(self) -> str:
        """The parameter that has the target group of the other deployment."""
        return f"Old{self.name}TargetGroupArn"

    @property
    def permission(self) -> str:
        """What allows the load balancer to invoke the function."""
        return f"{self.name}InvokePermission"


PUBLIC = Side("Public", internal=False)
INTERNAL = Side("Internal", internal=True)
SIDES = (PUBLIC, INTERNAL)


class Route(msgspec.Struct, frozen=True):
    """Paths that are moved together.

    Attributes:
        name: names in the template end with it.
        path: the pattern.
        side: where it is reachable.
        gated: True if the service itself can be told to answer marked requests only.
    """

    name: str
    path: str
    side: Side
    gated: bool

    @property
    def header_rule(self) -> str:
        """The name of its header rule."""
        return f"HeaderRule{self.name}"

    @property
    def path_rule(self) -> str:
        """The name of its path rule."""
        return f"PathRule{self.name}"

    @property
    def stage(self) -> str:
        """The parameter that says how many per cent come here."""
        return f"Stage{self.name}"


ROUTES = (
    Route("V2", "/v2/*", PUBLIC, gated=False),
    Route("CeramicCache", "/ceramic-cache/*", PUBLIC, gated=True),
    Route("InternalEmbed", "/internal/embed/*", INTERNAL, gated=True),
    Route("Internal", "/internal/*", INTERNAL, gated=False),
)


class InvalidChoice(PassportScorerError):
    """What a template is to be made for isn't valid."""

    code = "invalid_choice"


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What is settled when a template is made; everything else is a parameter of it.

    Attributes:
        name: of the deployment; names in the account begin with it.
        architecture: `arm64` or `x86_64`.
        routing_header: marks requests for this deployment, with the value `true`.
    """

    name: str = "passport-scorer"
    architecture: str = "arm64"
    routing_header: str = "X-Use-Rust-Scorer"


def check_choices(choices: Choices) -> None:
    """Return if a template can be made for these.

    Raises:
        InvalidChoice: with what is expected. Lengths of names are for the infrastructure rules.
    """
    if choices.architecture not in {"arm64", "x86_64"}:
        raise InvalidChoice("The architecture is arm64 or x86_64.")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", choices.name):
        raise InvalidChoice("A name consists of letters, digits, and hyphens between them.")
    if not re.fullmatch(r"[A-Za-z0-9-]{1,40}", choices.routing_header):
        raise InvalidChoice("A routing header consists of letters, digits and hyphens, 40 at most.")


def infrastructure(choices: Choices, routes: Sequence[Route] = ROUTES) -> Infrastructure:
    """Return what the template says about load balancing.

    Args:
        choices: checked ones.
        routes: numbered in this order; a narrower one comes before a broader one.
    """
    return Infrastructure(
        listeners=tuple(
            Listener(name=side.listener, load_balancer=side.load_balancer, internal=side.internal)
            for side in SIDES
        ),
        rules=(*_header_rules(choices, routes), *_path_rules(routes)),
        groups=tuple(group for side in SIDES for group in _groups(choices, side)),
        permissions=tuple(
            InvokePermission(name=side.permission, group=side.group) for side in SIDES
        ),
    )


def group_called(choices: Choices, side: Side) -> str:
    """Return what the target group of a side is called in the account."""
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
