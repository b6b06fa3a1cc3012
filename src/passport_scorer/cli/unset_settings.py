"""Settings that are not set, and whose default differs in the deployment to migrate from.

Source: docs/migration.md, "Settings that differ when unset".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from passport_scorer.db.queries.row_checks import StoredDeployment
from passport_scorer.settings.model import variables


class UnsetSetting(msgspec.Struct, frozen=True):
    """A setting that is not set here, and whose default is off in another deployment.

    Attributes:
        variable: its environment variable.
        message: what that means, and the evidence in the database.
    """

    variable: str
    message: str


def unset_settings(
    found: StoredDeployment | None, environ: Mapping[str, str]
) -> list[UnsetSetting]:
    """Return the settings to decide on before this service takes over a deployment's database.

    Args:
        found: the evidence in the rows; None: the tables are missing or unreadable.
        environ: variable -> value.
    """
    if found is None or not found.is_foreign:
        return []
    return [
        UnsetSetting(
            variable,
            f"is not set: on here, off in existing deployments; {seen}. See docs/migration.md.",
        )
        for field, seen in _open(found)
        for variable in variables()[field].names
        if not environ.get(variable, "").strip()
    ]


def _open(found: StoredDeployment) -> Iterator[tuple[str, str]]:
    if not found.has_later_nullifiers:
        yield "multi_nullifier", "no claim of a nullifier later than v0 is stored"
    if not found.has_usage:
        yield "api_analytics", "no use of an API key is stored"
    if found.has_rate_limits:
        yield "rate_limits_enabled", "API keys with a rate limit are stored"
