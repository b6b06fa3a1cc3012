"""What is read to check the settings at start."""

from __future__ import annotations

import msgspec

from passport_scorer.db.statement import Query


class NamesOfSettingsParameters(msgspec.Struct, frozen=True):
    """$1 to $3 of `names_of_settings.sql`; None: not set."""

    default_scorer_id: int | None
    demo_scorer_id: int | None
    demo_key_prefix: str | None


class NamesOfSettingsRow(msgspec.Struct, frozen=True):
    """The one row of `names_of_settings.sql`."""

    has_default_scorer: bool
    has_demo_scorer: bool
    demo_scorer_is_of_key: bool


NAMES_OF_SETTINGS = Query("names_of_settings", NamesOfSettingsParameters, NamesOfSettingsRow)
