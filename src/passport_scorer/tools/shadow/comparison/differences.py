"""A difference: its location, its kind, and the rule that expects it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from passport_scorer.tools.shadow.comparison.rules import Part, Rule


class DifferenceKind(StrEnum):
    """The kind of a difference."""

    VALUE = "value"
    TYPE = "type"
    MISSING = "missing"  # only the control has it
    UNEXPECTED = "unexpected"  # only the candidate has it
    ORDER = "order"
    KEY_ORDER = "key_order"
    NO_ANSWER = "no_answer"
    SLOWER = "slower"


class Absent:
    """The value of the side that has nothing."""

    def __repr__(self) -> str:
        return "(nothing)"


ABSENT: Final = Absent()


class Difference(msgspec.Struct, frozen=True):
    """One difference between two responses or rows.

    Attributes:
        part: the part of the response.
        pointer: the JSON pointer to the values.
        pattern: the pointer with `*` for array positions and for keys that are data.
        kind: the kind of difference.
        control: the control's value, or ABSENT.
        candidate: the candidate's value, or ABSENT.
        rule: the rule that expects the difference, or None.
    """

    part: Part
    pointer: str
    pattern: str
    kind: DifferenceKind
    control: Any
    candidate: Any
    rule: Rule | None = None
