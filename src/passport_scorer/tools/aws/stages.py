"""Shifting traffic in stages: the changes for a stage, and the command to deploy them.

Source: docs/rules/deployment.md, "Routing between two deployments".
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import msgspec

from passport_scorer.tools.aws.routing import (
    FIRST_PATH_PRIORITY,
    ROUTES,
    STAGES,
    InvalidChoice,
    Route,
)

_ALL = 100  # percent


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """The change of one path rule.

    Attributes:
        route: the route of the rule.
        priority: the priority of the rule.
        before, after: stages, in percent of the requests to this deployment.
    """

    route: Route
    priority: int
    before: int
    after: int

    @property
    def weights_before(self) -> tuple[int, int]:
        """The weights of the old target group and the new one, before the change."""
        return weights(self.before)

    @property
    def weights_after(self) -> tuple[int, int]:
        """The weights of the old target group and the new one, after the change."""
        return weights(self.after)


def weights(stage: int) -> tuple[int, int]:
    """Return the weights of the old target group and the new one; their sum is 100."""
    return _ALL - stage, stage


def stage_before(stage: int) -> int:
    """Return the preceding stage; for 0, which rolls back, it is 100."""
    return STAGES[STAGES.index(stage) - 1]


def check_stage(stage: int) -> None:
    """Check that a stage exists; raises InvalidChoice."""
    if stage not in STAGES:
        raise InvalidChoice(f"Invalid stage {stage}: expected {', '.join(map(str, STAGES))}.")


def changes(*, before: int, after: int, names: Sequence[str] = ()) -> list[Change]:
    """Return the changes of path rules from one stage to another.

    Args:
        before, after: the stages.
        names: the names of the routes to change; empty for all.

    Raises:
        InvalidChoice: unknown stage or route.
    """
    for stage in (before, after):
        check_stage(stage)
    known = {route.name for route in ROUTES}
    for name in names:
        if name not in known:
            raise InvalidChoice(f"Unknown route {name}: expected {', '.join(sorted(known))}.")
    return [
        Change(route=route, priority=priority, before=before, after=after)
        for priority, route in enumerate(ROUTES, FIRST_PATH_PRIORITY)
        if not names or route.name in names
    ]


def update_command(stack: str, template: str, stage: int, changed: Sequence[Change]) -> str:
    """Return the command that moves a stack to a stage and keeps its other parameters.

    Args:
        stack: the name of the stack.
        template: the template file of the stack.
        stage: the stage for the changed routes.
        changed: the changes.
    """
    lines = [
        "aws cloudformation deploy",
        f"--stack-name {shlex.quote(stack)}",
        f"--template-file {shlex.quote(template)}",
        "--capabilities CAPABILITY_IAM",
        "--parameter-overrides",
    ]
    settings = [f"{change.route.stage}={stage}" for change in changed]
    return " \\\n  ".join([*lines[:-1], " ".join([lines[-1], *settings])])
