"""What communities have of their own: lists of addresses, and custom credentials."""

from __future__ import annotations

import msgspec

from passport_scorer.db.statement import Query


class ReadListMembershipParameters(msgspec.Struct, frozen=True):
    """$1 and $2 of `read_list_membership.sql`: the name of a list, an address in lower case."""

    list_name: str
    address: str


class ListMembership(msgspec.Struct, frozen=True):
    """Whether the address is on the list."""

    is_member: bool


class ReadRulesetParameters(msgspec.Struct, frozen=True):
    """$1 of `read_ruleset.sql`."""

    provider_ids: list[str]


class Ruleset(msgspec.Struct, frozen=True):
    """The definition of a custom credential, as JSON text."""

    definition: str


READ_LIST_MEMBERSHIP = Query("read_list_membership", ReadListMembershipParameters, ListMembership)
READ_RULESET = Query("read_ruleset", ReadRulesetParameters, Ruleset)
