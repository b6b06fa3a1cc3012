"""Customizations of communities: address lists and custom credentials."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from passport_scorer.db.statement import Query, Statements


class _FindListMember(msgspec.Struct, frozen=True):
    """$1 and $2 of `read_list_membership.sql`."""

    list_name: str
    address: str


class _ListMembership(msgspec.Struct, frozen=True):
    """The one row of `read_list_membership.sql`."""

    is_member: bool


class _FindRuleset(msgspec.Struct, frozen=True):
    """$1 of `read_ruleset.sql`."""

    provider_ids: list[str]


class _Ruleset(msgspec.Struct, frozen=True):
    """A row of `read_ruleset.sql`."""

    definition: str


_IS_LIST_MEMBER = Query("read_list_membership", _FindListMember, _ListMembership)
_FIND_RULESET = Query("read_ruleset", _FindRuleset, _Ruleset)


async def is_list_member(database: Statements, *, list_name: str, address: str) -> bool:
    """Return True if the list exists and contains the address (lower case)."""
    parameters = _FindListMember(list_name, address)
    (row,) = await database.read(_IS_LIST_MEMBER, parameters)
    return row.is_member


async def find_ruleset(database: Statements, provider_ids: Iterable[str]) -> str | None:
    """Return the definition of a custom credential, as JSON text; None if it does not exist.

    Args:
        database: the pool, or a transaction.
        provider_ids: the ids to look for; the first one that exists is returned.
    """
    rows = await database.read(_FIND_RULESET, _FindRuleset(list(provider_ids)))
    return rows[0].definition if rows else None
