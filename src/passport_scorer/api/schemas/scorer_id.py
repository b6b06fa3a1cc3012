"""The scorer ID in a path, as partners write it."""

from __future__ import annotations

import msgspec

from passport_scorer.domain.bounded_types import BIGINT
from passport_scorer.domain.parameters import read_integer

_LONGEST_EXTERNAL_ID = 42  # characters that account_community.external_scorer_id holds


class NamedScorer(msgspec.Struct, frozen=True):
    """The scorers that an ID in a path can name; the external ID is tried first.

    Attributes:
        external_scorer_id: the community's `external_scorer_id`; None if the text cannot be one.
        scorer_id: the community ID; None if the text cannot be one.
    """

    external_scorer_id: str | None
    scorer_id: int | None


def parse_scorer_id(text: str, demo_scorer_id: int | None) -> NamedScorer:
    """Read the scorer id of a path.

    Args:
        text: an integer, or an external scorer id; anything else names no scorer.
        demo_scorer_id: what a negative integer stands for.

    Source: docs/rules/partner-api.md, "Score".
    """
    number = read_integer(text)
    if number is not None and number < 0:
        return NamedScorer(None, demo_scorer_id)
    possible = len(text) <= _LONGEST_EXTERNAL_ID and text.isprintable()
    held = number if number is not None and BIGINT.holds(number) else None
    return NamedScorer(text if possible else None, held)
