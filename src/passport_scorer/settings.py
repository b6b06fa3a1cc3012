"""Every setting: read once from the environment, validated, frozen.

The names of the variables are those of existing deployments. Source: specification,
operations.md ("Configuration").
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from passport_scorer.credentials.rsa_keys import private_key_pem, public_key_pem
from passport_scorer.db.location import database_url
from passport_scorer.domain.errors import PassportScorerError

_TRUE = frozenset({"1", "on", "true", "yes"})
_FALSE = frozenset({"0", "off", "false", "no", ""})
_BIGINT = 2**63


class InvalidSetting(PassportScorerError):
    """A setting is missing or can't be read."""

    code = "invalid_setting"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator decides. Secrets are in it: never log it as a whole.

    Attributes:
        database_url: PostgreSQL; None: the embedded server.
        database_pool_size: connections of one process at most.
        database_prepared_statements: False behind a proxy that gives each transaction another
            session.
        ceramic_cache_scorer_id: the community of the stamp store's own score.
        jwt_secret: verifies access tokens of the kind HS256; None: there are none.
        siwe_jwt_public_key: verifies access tokens of the kind RS256 (PEM); None: there are none.
        siwe_jwt_private_key: signs access tokens (PEM); None: nobody can sign in.
        siwe_allowed_domains: the sites for which owners may sign in; empty: nobody can.
        ethereum_rpc_url: a node that is asked about contract wallets' signatures; may hold a key.
        cgrants_api_token: what internal callers must present.
        internal_on_public_listener: the public listener serves `/internal/*` too.
        routing_header: the header that marks requests for this deployment, while endpoints are
            moved to it.
        trusted_iam_issuers: DIDs whose credentials count.
        demo_api_key: the key of the public demo.
        demo_api_key_aliases: what may be presented instead of it.
        demo_api_scorer_id: the community that a negative scorer id stands for.
        multi_nullifier: False: only nullifiers that start with `v0` count.
        api_analytics: False: the use of API keys is not recorded.
        human_points_enabled: Human Points are part of answers.
        human_points_write_enabled: Human Points are given.
        human_points_start: from when on they are given (aware); None: always.
        human_points_mta_enabled: the actions that only so many may have are given.
        passport_public_url: where the stamp catalogue is; None: there is none.
        rate_limit_redis_url: Redis, where all processes count calls together; None: each counts
            for itself. May hold a password.
        remembered_stamps: how many verified stamps a process remembers.
        environment: name of the deployment, in logs.
        home: folder of the embedded server.
    """

    database_url: str | None = None
    database_pool_size: int = 5
    database_prepared_statements: bool = True
    ceramic_cache_scorer_id: int | None = None
    jwt_secret: str | None = None
    siwe_jwt_public_key: str | None = None
    siwe_jwt_private_key: str | None = None
    siwe_allowed_domains: frozenset[str] = frozenset()
    ethereum_rpc_url: str | None = None
    cgrants_api_token: str | None = None
    internal_on_public_listener: bool = False
    routing_header: str | None = None
    trusted_iam_issuers: frozenset[str] = frozenset()
    demo_api_key: str | None = None
    demo_api_key_aliases: frozenset[str] = frozenset()
    demo_api_scorer_id: int | None = None
    multi_nullifier: bool = True
    api_analytics: bool = True
    human_points_enabled: bool = False
    human_points_write_enabled: bool = False
    human_points_start: datetime | None = None
    human_points_mta_enabled: bool = False
    passport_public_url: str | None = None
    rate_limit_redis_url: str | None = None
    remembered_stamps: int = 50_000
    environment: str = "development"
    home: str = ".passport-scorer"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from the environment.

    Args:
        environ: variable -> value; the process's own by default.

    Raises:
        InvalidSetting, DatabaseLocationError: a variable is malformed; the message is one line
            that names it.
    """
    environ = os.environ if environ is None else environ
    source = _Environment(environ)
    return Settings(
        database_url=database_url(environ),
        database_pool_size=source.get("DATABASE_POOL_SIZE", _whole_number(1, 1000), 5),
        database_prepared_statements=source.get("DATABASE_PREPARED_STATEMENTS", _switch, True),
        ceramic_cache_scorer_id=source.get(
            "CERAMIC_CACHE_SCORER_ID", _whole_number(0, _BIGINT - 1), None
        ),
        jwt_secret=source.get("JWT_SECRET", str, None) or source.get("SECRET_KEY", str, None),
        siwe_jwt_public_key=source.get("SIWE_JWT_PUBLIC_KEY", _public_key, None),
        siwe_jwt_private_key=source.get("SIWE_JWT_PRIVATE_KEY", _private_key, None),
        siwe_allowed_domains=source.get("SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE", _texts, frozenset()),
        ethereum_rpc_url=source.get("ETHEREUM_RPC_URL", _web_address, None),
        cgrants_api_token=source.get("CGRANTS_API_TOKEN", str, None),
        internal_on_public_listener=source.get("INTERNAL_ON_PUBLIC_LISTENER", _switch, False),
        routing_header=source.get("ROUTING_HEADER", _header_name, None),
        trusted_iam_issuers=source.get("TRUSTED_IAM_ISSUERS", _texts, frozenset()),
        demo_api_key=source.get("DEMO_API_KEY", str, None),
        demo_api_key_aliases=source.get("DEMO_API_KEY_ALIASES", _texts, frozenset()),
        demo_api_scorer_id=source.get("DEMO_API_SCORER_ID", _whole_number(0, _BIGINT - 1), None),
        multi_nullifier=source.get("FF_MULTI_NULLIFIER", _switch, True),
        api_analytics=source.get("FF_API_ANALYTICS", _switch, True),
        human_points_enabled=source.get("HUMAN_POINTS_ENABLED", _switch, False),
        human_points_write_enabled=source.get("HUMAN_POINTS_WRITE_ENABLED", _switch, False),
        human_points_start=source.get("HUMAN_POINTS_START_TIMESTAMP", _unix_time, None),
        human_points_mta_enabled=source.get("HUMAN_POINTS_MTA_ENABLED", _switch, False),
        passport_public_url=source.get("PASSPORT_PUBLIC_URL", _web_address, None),
        rate_limit_redis_url=source.get("RATE_LIMIT_REDIS_URL", _redis_address, None),
        remembered_stamps=source.get("REMEMBERED_STAMPS", _whole_number(0, 100_000_000), 50_000),
        environment=source.get("ENVIRONMENT", str, "development"),
        home=source.get("PASSPORT_SCORER_HOME", str, ".passport-scorer"),
    )


class _Environment:
    """Reads variables, one at a time; an empty one is as good as none."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def get(self, name: str, read: Callable[[str], Any], default: Any) -> Any:
        text = self._environ.get(name, "").strip()
        if not text:
            return default
        try:
            return read(text)
        except ValueError as error:  # its own message may hold the value, which may be a secret
            expected = error.args[0] if isinstance(error, _Expected) else "another value"
            raise InvalidSetting(f"{name}: expected {expected}.") from None


class _Expected(ValueError):
    """Says what was expected, without the value."""


def _switch(text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise _Expected("on or off")
    return text.lower() in _TRUE


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,20}", text) or not least <= int(text) <= most:
            raise _Expected(f"a whole number from {least} to {most}")
        return int(text)

    return read


def _header_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,100}", text):
        raise _Expected("the name of a header")
    return text


def _unix_time(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(_whole_number(0, _BIGINT)(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise _Expected("seconds since 1970") from None


def _texts(text: str) -> frozenset[str]:
    try:
        return frozenset(msgspec.json.decode(text, type=list[str]))
    except msgspec.MsgspecError:
        raise _Expected('a JSON list of strings, such as ["a", "b"]') from None


def _public_key(text: str) -> str:
    try:
        return public_key_pem(text)
    except ValueError:
        raise _Expected("an RSA public key of 2048 bits or more, PEM or PEM in base64") from None


def _private_key(text: str) -> str:
    try:
        return private_key_pem(text)
    except ValueError:
        raise _Expected("an RSA private key of 2048 bits or more, PEM or PEM in base64") from None


def _redis_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or parts.port == 0:
        raise _Expected("a redis:// or rediss:// URL")
    return text


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _Expected("an http:// or https:// URL")
    return text
