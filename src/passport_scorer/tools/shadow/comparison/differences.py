"""A difference: where, of what kind, and which rule expects it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from passport_scorer.tools.shadow.comparison.rules import Part, Rule


class Kind(StrEnum):
    """What kind of difference it is."""

    VALUE = "value"
    TYPE = "type"
    MISSING = "missing"  # the control has it, the candidate doesn't
    UNEXPECTED = "unexpected"  # the other way round
    ORDER = "order"
    KEY_ORDER = "key_order"
    NO_ANSWER = "no_answer"
    SLOWER = "slower"


class Absent:
    """What stands on the side where there is nothing."""

    def __repr__(self) -> str:
        return "(nothing)"


ABSENT: Final = Absent()


class Difference(msgspec.Struct, frozen=True):
    """One difference between two answers or rows.

    Attributes:
        part: where.
        pointer: the exact place, a JSON pointer.
        pattern: the same with `*` for positions and for keys that are data.
        kind: what kind.
        control: the value there; ABSENT if there is none.
        candidate: the same on the other side.
        rule: what expects it; None: nothing does.
    """

    part: Part
    pointer: str
    pattern: str
    kind: Kind
    control: Any
    candidate: Any
    rule: Rule | None = None
