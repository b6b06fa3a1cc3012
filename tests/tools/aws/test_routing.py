"""The plan of our template: public and internal routes, and their order."""

from __future__ import annotations

import pytest

from passport_scorer.tools.aws.infrastructure import PATH
from passport_scorer.tools.aws.routing import (
    Choices,
    InvalidChoice,
    check_choices,
    infrastructure,
)


def test_numbers() -> None:
    """Header rules have priorities 2090 to 2093, path rules 2100 to 2103."""
    rules = infrastructure(Choices()).rules
    with_header = [rule.priority for rule in rules if len(rule.conditions) == 2]
    with_path_only = [rule.priority for rule in rules if len(rule.conditions) == 1]
    assert with_header == [2090, 2091, 2092, 2093]
    assert with_path_only == [2100, 2101, 2102, 2103]


def test_paths() -> None:
    """/v2 and /ceramic-cache are public, /internal is internal."""
    paths: dict[str, set[str]] = {}
    for rule in infrastructure(Choices()).rules:
        for condition in rule.conditions:
            if condition.field == PATH:
                paths.setdefault(rule.listener, set()).update(condition.values)
    assert paths == {
        "PublicListenerArn": {"/v2/*", "/ceramic-cache/*"},
        "InternalListenerArn": {"/internal/*", "/internal/embed/*"},
    }


def test_header() -> None:
    """Marked requests have the configured header with the value true."""
    rules = infrastructure(Choices(routing_header="X-New")).rules
    found = {str(condition) for rule in rules for condition in rule.conditions[1:]}
    assert found == {"X-New true"}


def test_valid_choices() -> None:
    """Return template options."""
    check_choices(Choices())
    check_choices(Choices(name="a", architecture="x86_64", routing_header="X"))


@pytest.mark.parametrize(
    "choices",
    [
        Choices(architecture="arm"),
        Choices(name=""),
        Choices(name="-a"),
        Choices(name="a_b"),
        Choices(name="a\n"),
        Choices(routing_header=""),
        Choices(routing_header="X Y"),
        Choices(routing_header="X" * 41),
    ],
)
def test_invalid_choices(choices: Choices) -> None:
    """An unknown architecture and names that AWS would reject are rejected."""
    with pytest.raises(InvalidChoice):
        check_choices(choices)
