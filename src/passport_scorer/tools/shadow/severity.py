"""A guess how dangerous a difference is."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from typing import Any

from passport_scorer.tools.shadow.comparison.differences import Difference, Kind
from passport_scorer.tools.shadow.comparison.patterns import matching
from passport_scorer.tools.shadow.comparison.rules import Danger, Rulebook, applies_to


class Severity(IntEnum):
    """How dangerous it is."""

    COSMETIC = 0
    NOTABLE = 1
    DANGEROUS = 2


_NO_ANSWER = "Clients would have got no answer."
_NOTATION = "It is the same value in another notation."
_KEY_ORDER = "Only readers that rely on the order of keys notice."
_NOTABLE = "Clients can see it; whether they depend on it, only they know."


def severity_of(difference: Difference, endpoint: str, rulebook: Rulebook) -> tuple[Severity, str]:
    """Return how dangerous a difference is, and why in a sentence."""
    if difference.kind is Kind.NO_ANSWER:
        return Severity.DANGEROUS, _NO_ANSWER
    if difference.kind is Kind.KEY_ORDER:
        return Severity.COSMETIC, _KEY_ORDER
    danger = _danger(difference, endpoint, rulebook)
    if _same_value(difference.control, difference.candidate):
        return (Severity.NOTABLE if danger else Severity.COSMETIC), _NOTATION
    if danger:
        return Severity.DANGEROUS, danger.reason
    return Severity.NOTABLE, _NOTABLE


def _danger(difference: Difference, endpoint: str, rulebook: Rulebook) -> Danger | None:
    for danger in rulebook.danger:
        if (
            danger.part is difference.part
            and applies_to(danger.on, endpoint)
            and matching(danger.path, difference.pointer)
        ):
            return danger
    return None


def _same_value(control: Any, candidate: Any) -> bool:
    """Two texts for one number, or for one moment."""
    if not (isinstance(control, str) and isinstance(candidate, str)):
        return False
    try:
        return Decimal(control) == Decimal(candidate)
    except InvalidOperation:
        pass
    try:
        return datetime.fromisoformat(control) == datetime.fromisoformat(candidate)
    except (ValueError, TypeError):
        return False
