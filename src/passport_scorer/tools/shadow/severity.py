"""The estimated severity of a difference."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from typing import Any

from passport_scorer.tools.shadow.comparison.differences import Difference, DifferenceKind
from passport_scorer.tools.shadow.comparison.patterns import matching
from passport_scorer.tools.shadow.comparison.rules import Danger, Rulebook, applies_to


class DifferenceSeverity(IntEnum):
    """The severity of a difference, from harmless to dangerous."""

    COSMETIC = 0
    NOTABLE = 1
    DANGEROUS = 2


_NO_ANSWER = "Clients would not have received a response."
_NOTATION = "The same value in a different notation."
_KEY_ORDER = "Affects only clients that rely on the order of keys."
_NOTABLE = "Visible to clients; whether they depend on it is unknown."


def severity_of(
    difference: Difference, endpoint: str, rulebook: Rulebook
) -> tuple[DifferenceSeverity, str]:
    """Return the severity of a difference, and a sentence that explains it."""
    if difference.kind is DifferenceKind.NO_ANSWER:
        return DifferenceSeverity.DANGEROUS, _NO_ANSWER
    if difference.kind is DifferenceKind.KEY_ORDER:
        return DifferenceSeverity.COSMETIC, _KEY_ORDER
    danger = _danger(difference, endpoint, rulebook)
    if _same_value(difference.control, difference.candidate):
        return (DifferenceSeverity.NOTABLE if danger else DifferenceSeverity.COSMETIC), _NOTATION
    if danger:
        return DifferenceSeverity.DANGEROUS, danger.reason
    return DifferenceSeverity.NOTABLE, _NOTABLE


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
    """Return True for two notations of the same number or instant."""
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
