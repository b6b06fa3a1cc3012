"""Shifting traffic: weights, the preceding stage, and the command."""

from __future__ import annotations

import pytest

from passport_scorer.tools.aws.routing import ROUTES, STAGES, InvalidChoice
from passport_scorer.tools.aws.stages import (
    changes,
    check_stage,
    stage_before,
    update_command,
    weights,
)


def test_the_stages() -> None:
    """The stages are those of the rules."""
    assert STAGES == (0, 5, 10, 25, 50, 100)


@pytest.mark.parametrize("stage", STAGES)
def test_weights(stage: int) -> None:
    """The weights of both groups add up to 100."""
    old, new = weights(stage)
    assert (old + new, new) == (100, stage)


def test_the_stage_before() -> None:
    """Each stage has a predecessor; the one of 0, a rollback, is 100."""
    assert [stage_before(stage) for stage in STAGES] == [100, 0, 5, 10, 25, 50]


def test_changes_of_all_routes() -> None:
    """Without names all four path rules change, each with its own priority and weights."""
    found = changes(before=10, after=25)
    assert [change.priority for change in found] == [2100, 2101, 2102, 2103]
    assert {change.weights_before for change in found} == {(90, 10)}
    assert {change.weights_after for change in found} == {(75, 25)}


def test_changes_of_one_route() -> None:
    """Routes can be migrated one by one."""
    (change,) = changes(before=0, after=5, names=["InternalEmbed"])
    assert (change.priority, change.route.path) == (2102, "/internal/embed/*")


@pytest.mark.parametrize("stage", [-5, 1, 99, 101])
def test_no_such_stage(stage: int) -> None:
    """An unknown stage is rejected with a list of the valid ones."""
    with pytest.raises(InvalidChoice, match="0, 5, 10, 25, 50, 100"):
        check_stage(stage)
    with pytest.raises(InvalidChoice):
        changes(before=stage, after=5)


def test_no_such_route() -> None:
    """An unknown route is rejected with a list of the valid ones."""
    with pytest.raises(
        InvalidChoice, match="Unknown route v2: expected CeramicCache, Internal, Internal"
    ):
        changes(before=0, after=5, names=["v2"])


def test_the_command() -> None:
    """The command sets only the stages of the changed routes and is safe to paste into a shell."""
    some = changes(before=0, after=5, names=["V2", "Internal"])
    command = update_command("my stack", "a b.yaml", 5, some)
    assert command.replace("\\\n  ", "") == (
        "aws cloudformation deploy --stack-name 'my stack' --template-file 'a b.yaml' "
        "--capabilities CAPABILITY_IAM --parameter-overrides StageV2=5 StageInternal=5"
    )
    assert len(ROUTES) == 4
