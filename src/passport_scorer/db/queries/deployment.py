"""Lookups of the settings check at startup."""

from __future__ import annotations

import msgspec

from passport_scorer.db.statement import Query, Statements


class _FindConfiguredScorers(msgspec.Struct, frozen=True):
    """$1 to $3 of `names_of_settings.sql`."""

    default_scorer_id: int | None
    demo_scorer_id: int | None
    demo_key_prefix: str | None


class ConfiguredScorers(msgspec.Struct, frozen=True):
    """The communities that the settings name: do they exist?

    Attributes:
        has_default_scorer: that of the stamp store exists.
        has_demo_scorer: that of the public demo exists.
        demo_scorer_is_of_key: it belongs to the account of the demo's API key.
    """

    has_default_scorer: bool
    has_demo_scorer: bool
    demo_scorer_is_of_key: bool


_FIND_CONFIGURED_SCORERS = Query("names_of_settings", _FindConfiguredScorers, ConfiguredScorers)


async def find_configured_scorers(
    database: Statements,
    *,
    default_scorer_id: int | None,
    demo_scorer_id: int | None,
    demo_key_prefix: str | None,
) -> ConfiguredScorers:
    """Look up the communities that the settings name; None: not set, and not found."""
    parameters = _FindConfiguredScorers(default_scorer_id, demo_scorer_id, demo_key_prefix)
    (found,) = await database.read(_FIND_CONFIGURED_SCORERS, parameters)
    return found
