"""Bounds on input, declared once: the types of members of bodies and of parameters.

Bodies use the annotated types, which msgspec checks while it decodes; paths and queries use
`IntegerColumn.holds` and `is_storable`. The OpenAPI documents show the same bounds.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from passport_scorer.domain.parameters import LONGEST_INTEGER

LONGEST_HASH = 100  # characters; the columns that hold nullifiers
LONGEST_TEXT = 256  # characters; the columns that hold providers and proof values
LONGEST_NAME = 100  # characters; the column that holds the name of a list
LONGEST_FIELD = 8192  # characters; a field that no column holds

_WITHOUT_NUL = r"^[^\x00]*$"


class IntegerColumn(msgspec.Struct, frozen=True):
    """The range of an integer column.

    Attributes:
        least: the smallest.
        most: the largest.
    """

    least: int
    most: int

    def holds(self, number: int) -> bool:
        """Return False if a number is out of range."""
        return self.least <= number <= self.most

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of these integers."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


BIGINT = IntegerColumn(-(2**63), 2**63 - 1)
INTEGER = IntegerColumn(-(2**31), 2**31 - 1)

Bigint = Annotated[int, msgspec.Meta(ge=BIGINT.least, le=BIGINT.most)]
# An integer as a text, for `read_integer`; the optional one can be empty, which means null.
IntegerText = Annotated[
    str,
    msgspec.Meta(pattern=rf"^-?[0-9]{{1,{LONGEST_INTEGER}}}$", max_length=LONGEST_INTEGER + 1),
]
OptionalIntegerText = Annotated[
    str,
    msgspec.Meta(pattern=rf"^(-?[0-9]{{1,{LONGEST_INTEGER}}})?$", max_length=LONGEST_INTEGER + 1),
]

# A text with NUL is rejected like any other invalid value: no column can hold it.
HashText = Annotated[str, msgspec.Meta(pattern=_WITHOUT_NUL, max_length=LONGEST_HASH)]
StorableText = Annotated[str, msgspec.Meta(pattern=_WITHOUT_NUL, max_length=LONGEST_TEXT)]
Field = Annotated[str, msgspec.Meta(max_length=LONGEST_FIELD)]


def is_storable(text: str, longest: int = LONGEST_TEXT) -> bool:
    """Return False if a column of this length can't hold a text."""
    return len(text) <= longest and "\0" not in text
