"""The contributions of an address to grants.

Source: docs/rules/internal-api.md, "Contributions".
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import msgspec

# Wider than any sum of the table's 64 digits: only the last step rounds.
_CONTEXT = Context(prec=200, rounding=ROUND_HALF_EVEN)
_TWO_PLACES = Decimal("0.01")
_THREE_PLACES = Decimal("0.001")


class Contributions(msgspec.Struct, frozen=True):
    """The contributions of an address that count, from the two sources.

    Attributes:
        grants: number of grants with a successful contribution.
        grants_amount: the sum of these contributions.
        projects: number of projects with a contribution by the protocol.
        projects_amount: the sum of these contributions.
    """

    grants: int
    grants_amount: Decimal
    projects: int
    projects_amount: Decimal

    @property
    def count(self) -> int:
        """The number of grants and projects."""
        return self.grants + self.projects

    @property
    def amount(self) -> Decimal:
        """The total, two decimals; the protocol's sum is rounded to three before it is added."""
        projects_amount = self.projects_amount.quantize(_THREE_PLACES, context=_CONTEXT)
        total = _CONTEXT.add(self.grants_amount, projects_amount)
        return total.quantize(_TWO_PLACES, context=_CONTEXT)
