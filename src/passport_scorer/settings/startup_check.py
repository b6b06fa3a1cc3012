"""Checks of settings before the service starts, beyond the form of each.

Settings that can never work keep the service from starting: each problem is a line of one error.
Settings that could work later (a row that does not exist yet) are one warning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from passport_scorer.auth.api_keys import DemoKey, PresentedKey, presented_key
from passport_scorer.auth.key_hashes import matches_pbkdf2_hash, matches_sha256_hash
from passport_scorer.db.connecting import missing_certificate_files
from passport_scorer.db.database import Database
from passport_scorer.db.queries.deployment import ConfiguredScorers, find_configured_scorers
from passport_scorer.db.queries.partners import find_api_key
from passport_scorer.db.url_options import driver_address, options_left_out, options_of
from passport_scorer.domain.api_key import ApiKey, InvalidApiKey
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.extras import how_to_install, is_installed
from passport_scorer.settings.environment import (
    process_environment,
    raise_problems,
    settings_and_problems,
)
from passport_scorer.settings.model import Settings, variables
from passport_scorer.settings.variables import InvalidSetting
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.trace_variables import malformed_variables

_ADDRESS = "DATABASE_URL, else RDS_PROXY_URL"
CHECK_SECONDS = (
    5.0  # bounds looking up the rows that settings name, so that a start never waits for long
)

# A setting, and another one without which it has no effect.
_NEEDS = (
    ("DEMO_API_KEY", "DEMO_API_SCORER_ID"),
    ("DEMO_API_SCORER_ID", "DEMO_API_KEY"),
    ("DEMO_API_KEY_ALIASES", "DEMO_API_KEY"),
    ("SIWE_JWT_PRIVATE_KEY", "SIWE_JWT_PUBLIC_KEY"),
    ("SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE", "SIWE_JWT_PRIVATE_KEY"),
)


class UselessSetting(msgspec.Struct, frozen=True):
    """A setting without effect.

    Attributes:
        variable: its environment variable.
        problem: a sentence without secrets.
    """

    variable: str
    problem: str


def read_serving_settings(
    environ: Mapping[str, str] | None = None, *, traced: bool = False
) -> Settings:
    """Read the settings of a process that serves; report all problems at once.

    Args:
        environ: variable -> value; by default the environment of this process.
        traced: True if traces are on by default, as on AWS Lambda.

    Raises:
        InvalidSetting, InvalidDatabaseLocation: a variable is malformed or missing, or two
            contradict each other, or an extra is missing; a line for each problem.
    """
    environ = process_environment() if environ is None else environ
    settings, problems = settings_and_problems(environ)
    raise_problems([*problems, *_impossible(settings, environ, traced=traced)])
    return settings


def _impossible(
    settings: Settings, environ: Mapping[str, str], *, traced: bool
) -> Iterator[InvalidSetting]:
    if variables()["trusted_iam_issuers"].chosen(environ) is None:
        yield InvalidSetting(
            "TRUSTED_IAM_ISSUERS: is missing; without it every score would become 0. "
            "If no stamp should count, set it to []."
        )
    if not _is_pair(settings.siwe_jwt_private_key, settings.siwe_jwt_public_key):
        yield InvalidSetting(
            "SIWE_JWT_PRIVATE_KEY: expected the private key of SIWE_JWT_PUBLIC_KEY."
        )
    if settings.rate_limit_redis_url is not None and not is_installed("redis"):
        yield InvalidSetting(how_to_install("redis", "RATE_LIMIT_REDIS_URL"))
    if settings.traces_enabled or (traced and settings.traces_enabled is None):
        if not is_installed("otel"):
            yield InvalidSetting(how_to_install("otel", "OTEL_ENABLED"))
        for name, expected in malformed_variables(environ):
            yield InvalidSetting(f"{name}: expected {expected}.")


def _is_pair(private_key: str | None, public_key: str | None) -> bool:
    """Return False for two keys (PEM) that are not a pair."""
    if private_key is None or public_key is None:
        return True
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )

    own = load_pem_private_key(private_key.encode(), password=None).public_key()
    return own == load_pem_public_key(public_key.encode())


async def warn_of_useless_settings(
    settings: Settings, database: Database | None, now: datetime
) -> None:
    """Log which settings have no effect. Never raises.

    Args:
        settings: of the service.
        database: has the rows that settings name; None: these are not looked up.
        now: an aware time.
    """
    if not settings.trusted_iam_issuers:
        log.warning("no_issuer_is_trusted", setting="TRUSTED_IAM_ISSUERS")
    if not settings.rate_limits_enabled:
        log.warning("rate_limits_not_applied", setting="RATE_LIMITS_ENABLED")
    useless = [*_of_address(settings.database_url), *_alone(settings)]
    if database is not None:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                useless += await _naming_nothing(settings, database, now)
        except (PassportScorerError, TimeoutError) as error:
            reason = error.code if isinstance(error, PassportScorerError) else "timeout"
            log.warning("settings_not_checked", reason=reason)
    if useless:
        log.warning(
            "settings_have_no_effect",
            settings=[{"variable": each.variable, "problem": each.problem} for each in useless],
        )


def _of_address(url: str | None) -> Iterator[UselessSetting]:
    """Yield the options of the database's URL without effect: names and paths, no values."""
    if url is None:
        return
    if left_out := options_left_out(options_of(url)):
        yield UselessSetting(_ADDRESS, f"Its options {', '.join(left_out)} are ignored.")
    for missing in missing_certificate_files(driver_address(url)):
        yield UselessSetting(_ADDRESS, f"The file that it names can't be read: {missing}.")


def _alone(settings: Settings) -> Iterator[UselessSetting]:
    """Yield the settings that need another one, which is not set."""
    values = {
        "DEMO_API_KEY": settings.demo_api_key,
        "DEMO_API_SCORER_ID": settings.demo_api_scorer_id,
        "DEMO_API_KEY_ALIASES": settings.demo_api_key_aliases or None,
        "SIWE_JWT_PRIVATE_KEY": settings.siwe_jwt_private_key,
        "SIWE_JWT_PUBLIC_KEY": settings.siwe_jwt_public_key,
        "SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE": settings.siwe_allowed_domains or None,
    }
    if settings.demo_api_key is not None and _presented(settings) is None:
        yield UselessSetting("DEMO_API_KEY", "It isn't an API key: a prefix, a dot, a secret.")
    for variable, needed in _NEEDS:
        if values[variable] is not None and values[needed] is None:
            yield UselessSetting(variable, f"It needs {needed}, which is not set.")


async def _naming_nothing(
    settings: Settings, database: Database, now: datetime
) -> list[UselessSetting]:
    """Return the settings that name rows that do not exist."""
    demo = _presented(settings)
    if (settings.ceramic_cache_scorer_id, settings.demo_api_scorer_id, demo) == (None, None, None):
        return []
    found = await find_configured_scorers(
        database,
        default_scorer_id=settings.ceramic_cache_scorer_id,
        demo_scorer_id=settings.demo_api_scorer_id,
        demo_key_prefix=demo.prefix if demo else None,
    )
    useless = [*_missing_communities(settings, found)]
    if demo is None:
        return useless
    stored = await find_api_key(database, demo.prefix)
    if problem := await asyncio.to_thread(_problem_of_key, demo, stored, now):
        useless.append(UselessSetting("DEMO_API_KEY", problem))
    elif found.has_demo_scorer and not found.demo_scorer_is_of_key:
        problem = "The community belongs to another account than DEMO_API_KEY."
        useless.append(UselessSetting("DEMO_API_SCORER_ID", problem))
    return useless


def _missing_communities(settings: Settings, found: ConfiguredScorers) -> Iterator[UselessSetting]:
    for variable, scorer_id, is_there in (
        ("CERAMIC_CACHE_SCORER_ID", settings.ceramic_cache_scorer_id, found.has_default_scorer),
        ("DEMO_API_SCORER_ID", settings.demo_api_scorer_id, found.has_demo_scorer),
    ):
        if scorer_id is not None and not is_there:
            yield UselessSetting(variable, f"There is no community {scorer_id}.")


def _presented(settings: Settings) -> PresentedKey | None:
    """Return the demo's key as clients present it; None if it is not set, or malformed."""
    try:
        return presented_key(settings.demo_api_key, None, DemoKey())
    except InvalidApiKey:
        return None


def _problem_of_key(presented: PresentedKey, stored: ApiKey | None, now: datetime) -> str | None:
    if stored is None:
        return "There is no API key with its prefix."
    if not stored.is_usable(now):
        return "The API key with its prefix was revoked or has expired."
    if stored.hashed_key_sha256 is not None:
        matches = matches_sha256_hash(presented.key, stored.hashed_key_sha256)
    else:
        matches = matches_sha256_hash(presented.key, stored.hashed_key) or matches_pbkdf2_hash(
            presented.key, stored.hashed_key
        )
    return None if matches else "Its secret isn't that of the API key with its prefix."
