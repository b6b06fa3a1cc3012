"""Sandboxes that continue from a snapshot: nothing in it ends, and nothing of it is shared."""

from __future__ import annotations

import json
import random
import sys
from importlib import import_module
from typing import Any

import pytest

from passport_scorer.aws_lambda import snap_start
from passport_scorer.aws_lambda.function import LambdaFunction
from passport_scorer.aws_lambda.snap_start import after_restore, before_snapshot, register
from passport_scorer.tools.demo.world import PEOPLE

from .conftest import MakeFunction, Sandbox, recorded

BOB = next(person.address for person in PEOPLE if person.name == "bob")
WEEKS = 14 * 24 * 3600.0


def score(function: LambdaFunction) -> dict[str, Any]:
    """Have a score asked for, and return the answer."""
    answer = function(recorded("load_balancer", f"/v2/stamps/1/score/{BOB}"), None)
    assert json.loads(answer["body"])["score"] == "0.72400", answer
    return answer


def test_restored_sandboxes_share_nothing(make_function: MakeFunction, sandbox: Sandbox) -> None:
    """Each has its own connections and ids, however long after the snapshot it is restored."""
    now = [1_000.0]
    function = make_function(clock=lambda: now[0])
    function.start()
    score(function)
    assert sandbox.sessions()
    before_snapshot(function)
    assert sandbox.sessions() == []
    taken = random.getstate()
    ids = set()
    for number in range(3):
        random.setstate(taken)
        now[0] += WEEKS
        after_restore(function)
        answer = score(function)
        ids |= {answer["headers"]["x-request-id"], answer["headers"]["traceparent"]}
        assert sandbox.usage() == number + 2
        before_snapshot(function)
    assert len(ids) == 6


def test_a_restore_without_its_settings(
    make_function: MakeFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore that fails is logged, and the next event starts the services."""
    function = make_function()
    before_snapshot(function)
    with monkeypatch.context() as patch:
        patch.setattr(function, "_environ", {})
        after_restore(function)
    score(function)


@pytest.mark.parametrize("kind", ["", "on-demand", "provisioned-concurrency"])
def test_other_sandboxes_have_no_snapshot(make_function: MakeFunction, kind: str) -> None:
    """They need no library for it."""
    function = make_function()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "snapshot_restore_py", None)
        register(function, {"AWS_LAMBDA_INITIALIZATION_TYPE": kind})
        with pytest.raises(ImportError):
            register(function, {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"})


def test_what_is_loaded_into_the_snapshot() -> None:
    """Each module of the list exists."""
    for name in snap_start._LATER:
        import_module(name)
