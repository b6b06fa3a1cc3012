"""Shifting traffic stage by stage, and back: what changes, and the command that changes it.

Source: specification, operations.md ("Routing between two deployments").
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

_ALL = 100  # per cent


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one listener rule.

    Attributes:
        route: whose path rule it is.
        priority: its number.
        before, after: stages, in per cent of the requests that come here.
    """

    route: Route
    priority: int
    before: int
    after: int

    @property
    def weights_before(self) -> tuple[int, int]:
        """Weights of the old target group and of this service's."""
        return weights(self.before)

    @property
    def weights_after(self) -> tuple[int, int]:
        """Weights of the old target group and of this service's."""
        return weights(self.after)


def weights(stage: int) -> tuple[int, int]:
    """Return the weights of the old target group and of this service's, together 100."""
    return _ALL - stage, stage


def stage_before(stage: int) -> int:
    """Return the stage that is usually left for this one; for 0, which is the way back, 100."""
    return STAGES[STAGES.index(stage) - 1]


def check_stage(stage: int) -> None:
    """Return if there is such a stage.

    Raises:
        InvalidChoice: there isn't.
    """
    if stage not in STAGES:
        raise InvalidChoice(f"There is no stage {stage}: {', '.join(map(str, STAGES))}.")


def changes(*, before: int, after: int, names: Sequence[str] = ()) -> list[Change]:
    """Return what becomes of the path rules.

    Args:
        before, after: stages.
        names: of the routes that change; none: all.

    Raises:
        InvalidChoice: there is no such stage, or no such route.
    """
    for stage in (before, after):
        check_stage(stage)
    known = {route.name for route in ROUTES}
    for name in names:
        if name not in known:
            raise InvalidChoice(f"There is no route {name}: {', '.join(sorted(known))}.")
    return [
        Change(route=route, priority=priority, before=before, after=after)
        for priority, route in enumerate(ROUTES, FIRST_PATH_PRIORITY)
        if not names or route.name in names
    ]


def update_command(stack: str, template: str, stage: int, changed: Sequence[Change]) -> str:
    """Return the command that takes a stack to a stage; it keeps all other parameters as they are.

    Args:
        stack: its name.
        template: the file that the stack was made from.
        stage: for the changed routes.
        changed: what changes.
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
