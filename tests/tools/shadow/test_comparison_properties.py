"""Properties of the comparison for arbitrary JSON."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from passport_scorer.tools.shadow.comparison.differences import Difference, DifferenceKind
from passport_scorer.tools.shadow.comparison.json_values import (
    NotJson,
    json_text,
    json_value,
    number_text,
)
from passport_scorer.tools.shadow.comparison.responses import ReceivedResponse, compare_responses
from passport_scorer.tools.shadow.comparison.rules import Accept, Part, Rule, Rulebook
from passport_scorer.tools.shadow.comparison.values import compare_items, compare_values

SCALARS = (
    st.none()
    | st.booleans()
    | st.text(max_size=5)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=20,
)
NO_RULES = Rulebook()


def differences(control: Any, candidate: Any, *rules: Rule) -> list[Difference]:
    """Return the differences between two documents under rules."""
    part_rules = Rulebook(rule=rules).part_rules("GET /x", Part.BODY, 200)
    return compare_values(control, candidate, part_rules)


def rule(accept: Accept, path: str = "") -> Rule:
    """Return a rule."""
    return Rule(name="of-a-test", reason="for a test", path=path, accept=accept)


def places(value: Any, keys: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to all values in a document, including itself."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [keys, *(place for key, item in inner for place in places(item, (*keys, key)))]


def at(value: Any, keys: tuple[Any, ...]) -> Any:
    """Return the value at a path."""
    for key in keys:
        value = value[key]
    return value


def replaced(document: Any, keys: tuple[Any, ...], new: Any) -> Any:
    """Return the document with a different value at a path."""
    if not keys:
        return new
    document = copy.deepcopy(document)
    at(document, keys[:-1])[keys[-1]] = new
    return document


def canonical(value: Any) -> Any:
    """Return a value that is equal iff the JSON is: true is not 1, key order does not matter."""
    match value:
        case dict():
            return ("object", frozenset((key, canonical(item)) for key, item in value.items()))
        case list():
            return ("array", tuple(map(canonical, value)))
        case Decimal():
            return ("number", number_text(value))
    return (type(value).__name__, value)


@given(VALUES)
def test_reflexive(document: Any) -> None:
    """A document equals itself and its re-serialized copy."""
    assert differences(document, copy.deepcopy(document)) == []
    assert differences(document, json_value(json_text(document))) == []


@given(VALUES, VALUES)
def test_two_documents_differ_exactly_if_they_are_not_equal(control: Any, candidate: Any) -> None:
    """Without rules there are differences if and only if the documents differ."""
    assert bool(differences(control, candidate)) == (canonical(control) != canonical(candidate))


@given(VALUES, st.data(), VALUES)
def test_any_single_change_is_found_at_its_place(document: Any, data: Any, new: Any) -> None:
    """A replaced value is reported, at its location, below or around it."""
    keys = data.draw(st.sampled_from(places(document)))
    assume(canonical(at(document, keys)) != canonical(new))
    found = differences(document, replaced(document, keys, new))
    assert found
    assert all(difference.rule is None for difference in found)
    if all(isinstance(key, str) for key in keys):
        prefix = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
        assert all(difference.pointer.startswith(prefix) for difference in found)


@given(st.dictionaries(st.text(max_size=4), VALUES, min_size=1, max_size=5), st.data())
def test_a_lost_member_is_the_only_difference(document: Any, data: Any) -> None:
    """A member of only one side is missing or unexpected."""
    key = data.draw(st.sampled_from(sorted(document)))
    less = {name: value for name, value in document.items() if name != key}
    (missing,) = differences(document, less)
    (unexpected,) = differences(less, document)
    assert (missing.kind, unexpected.kind) == (DifferenceKind.MISSING, DifferenceKind.UNEXPECTED)


@given(st.lists(SCALARS, max_size=6), SCALARS, st.data())
def test_a_lost_item_is_the_only_difference(items: list[Any], lost: Any, data: Any) -> None:
    """A missing item does not affect the items after it."""
    position = data.draw(st.integers(0, len(items)))
    longer = [*items[:position], lost, *items[position:]]
    (difference,) = differences(longer, items)
    assert difference.kind is DifferenceKind.MISSING
    assert canonical(difference.control) == canonical(lost)


@given(st.lists(VALUES, max_size=6), st.data())
def test_order_counts_unless_a_rule_says_no(items: list[Any], data: Any) -> None:
    """Reordered items are a single difference, which a rule can expect."""
    shuffled = data.draw(st.permutations(items))
    moved = canonical(items) != canonical(shuffled)
    assert [d.kind for d in differences(items, shuffled)] == (
        [DifferenceKind.ORDER] if moved else []
    )
    expected = differences(items, shuffled, rule(Accept.ANY_ORDER))
    assert [d.rule is not None for d in expected] == ([True] if moved else [])


@given(st.lists(VALUES, min_size=1, max_size=5), st.data(), VALUES)
def test_arrays_without_order_are_multisets(items: list[Any], data: Any, new: Any) -> None:
    """In unordered arrays, replaced, added and missing items are still found."""
    position = data.draw(st.integers(0, len(items) - 1))
    assume(canonical(items[position]) != canonical(new))
    changed = data.draw(st.permutations([*items[:position], new, *items[position + 1 :]]))
    any_order = rule(Accept.ANY_ORDER)
    assert any(d.rule is None for d in differences(items, changed, any_order))
    doubled = data.draw(st.permutations([*items, items[position]]))
    (difference,) = differences(items, doubled, any_order)
    assert difference.kind is DifferenceKind.UNEXPECTED


@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), SCALARS, min_size=1), max_size=5), st.data()
)
def test_rows_are_compared_as_a_set(rows: list[Any], data: Any) -> None:
    """Reordered rows are equal; a lost row is missing."""
    part_rules = NO_RULES.part_rules("table x", Part.BODY, 0)
    shuffled = data.draw(st.permutations(rows))
    assert compare_items(rows, shuffled, part_rules) == []
    if rows:
        (missing,) = compare_items(rows, shuffled[1:], part_rules)
        assert (missing.kind, missing.pointer) == (DifferenceKind.MISSING, "")


@given(VALUES, VALUES)
def test_a_rule_for_anything_leaves_nothing_unexplained(control: Any, candidate: Any) -> None:
    """Differences covered by a rule are counted as expected."""
    found = differences({"a": control}, {"a": candidate}, rule(Accept.ANYTHING, "/a"))
    assert all(difference.rule for difference in found)
    assert bool(found) == (canonical(control) != canonical(candidate))


@given(VALUES, VALUES)
def test_the_two_sides_are_treated_alike(control: Any, candidate: Any) -> None:
    """The number of differences is symmetric."""
    there, back = differences(control, candidate), differences(candidate, control)
    assert len(there) == len(back)


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_bodies_that_are_not_json_are_compared_too(control: bytes, candidate: bytes) -> None:
    """Two bodies of which one is not JSON differ if and only if their bytes do."""
    for body in (control, candidate):
        try:
            json_value(body)
        except NotJson:
            break
    else:
        return
    found = compare_responses(
        ReceivedResponse(200, (), control), ReceivedResponse(200, (), candidate), "GET /x", NO_RULES
    )
    assert bool(found) == (control != candidate)


@pytest.mark.parametrize(
    ("control", "candidate", "same"),
    [
        ("1", "1.0", True),
        ("1e2", "100", True),
        ("0.1", "0.10000000000000000000000001", False),
        ("12345678901234567890123", "12345678901234567890124", False),
        ("1", "true", False),
        ("1", '"1"', False),
        ("0", "-0", True),
        ("null", "false", False),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', True),
        ('{"a": 1, "a": 1}', '{"a": 1}', False),
        ('"text"', "text", False),
        ("1e400", "2e400", False),
    ],
)
def test_equal_values(control: str, candidate: str, *, same: bool) -> None:
    """Numbers are exact decimals; true, 1 and "1" are different; keys have no order."""
    left, right = (
        ReceivedResponse(200, (), control.encode()),
        ReceivedResponse(200, (), candidate.encode()),
    )
    assert (compare_responses(left, right, "GET /x", NO_RULES) == []) is same
