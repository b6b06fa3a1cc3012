"""API keys of partners: reads the presented key, and authenticates it.

Source: docs/rules/authentication.md, "API keys".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec

from passport_scorer.auth.key_hashes import (
    is_pbkdf2_hash,
    is_sha256_hash,
    matches_sha256_hash,
    sha256_hash,
)
from passport_scorer.auth.pbkdf2 import Pbkdf2Hashes, TooManyKeyChecks
from passport_scorer.db.database import Database
from passport_scorer.db.queries.partners import store_sha256_hash
from passport_scorer.domain.api_key import ApiKey, InvalidApiKey
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.parameters import read_credentials
from passport_scorer.telemetry.logger import log
from passport_scorer.telemetry.metrics import API_KEY_CHECKS, NO_METRICS, Metrics

_MAX_KEY_LENGTH = 200  # characters; issued keys have some 40
_MAX_PREFIX_LENGTH = 8

Key = TypeVar("Key", bound=ApiKey)


class WrongSecret(InvalidApiKey):
    """Invalid API Key."""

    code = "wrong_secret"


class PresentedKey(msgspec.Struct, frozen=True):
    """A key that a caller presents. Everything but the prefix is secret."""

    prefix: str
    key: str

    def __repr__(self) -> str:
        return f"PresentedKey({self.prefix!r})"


class DemoKey(msgspec.Struct, frozen=True):
    """The key of the public demo; an alias stands for the key."""

    key: str | None = None
    aliases: frozenset[str] = frozenset()


def presented_key(x_api_key: str | None, authorization: str | None, demo: DemoKey) -> PresentedKey:
    """Return the key that the headers of a call present.

    Args:
        x_api_key: the header `X-API-Key`, which takes precedence.
        authorization: the header `Authorization`: a scheme, a space, the key.
        demo: the demo key and its aliases.

    Raises:
        InvalidApiKey: it is missing or malformed.
    """
    key = x_api_key or read_credentials(authorization or "")[1]
    if demo.key and key in demo.aliases:
        key = demo.key
    prefix, dot, secret = key.partition(".")
    well_formed = dot and secret and prefix and key.isascii() and key.isprintable()
    if not well_formed or len(prefix) > _MAX_PREFIX_LENGTH or len(key) > _MAX_KEY_LENGTH:
        raise InvalidApiKey
    return PresentedKey(prefix, key)


class ApiKeys:
    """Authenticates API keys, and migrates them from PBKDF2 to SHA-256 hashes."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        metrics: Metrics = NO_METRICS,
    ) -> None:
        self._database = database
        self._metrics = metrics
        self._clock = clock
        self._pbkdf2 = Pbkdf2Hashes()
        self._storing: dict[str, asyncio.Task[None]] = {}

    async def authenticate(
        self, presented: PresentedKey, stored: Key | None, peer: str = ""
    ) -> Key:
        """Return the stored key if it matches the presented one and is usable.

        Args:
            presented: the key of the caller.
            stored: the key with its prefix; None if there is no such key.
            peer: the caller's network address; PBKDF2 checks are shared fairly between peers.

        Raises:
            InvalidApiKey: there is no such key, or it is revoked or expired.
            WrongSecret: the prefix is known, but the secret is wrong.
            TooManyKeyChecks: too many PBKDF2 checks are waiting.
        """
        if stored is None or not stored.is_usable(self._clock()):
            self._metrics.add(API_KEY_CHECKS, 1, "unknown")
            raise InvalidApiKey
        if not await self._matches(presented, stored, peer):
            self._metrics.add(API_KEY_CHECKS, 1, "wrong")
            raise WrongSecret
        self._metrics.add(API_KEY_CHECKS, 1, "pbkdf2" if _has_pbkdf2(stored) else "sha256")
        return stored

    async def close(self) -> None:
        """Finish storing SHA-256 hashes."""
        self._pbkdf2.close()
        await asyncio.gather(*self._storing.values())

    async def _matches(self, presented: PresentedKey, stored: ApiKey, peer: str) -> bool:
        if stored.hashed_key_sha256 is not None:
            return _matches_sha256(presented, stored.hashed_key_sha256)
        if _has_pbkdf2(stored):
            matches = await self._matches_pbkdf2(presented, stored.hashed_key, peer)
        else:
            matches = _matches_sha256(presented, stored.hashed_key)
        if matches and stored.key_id not in self._storing:
            task = asyncio.create_task(self._store_sha256_hash(stored.key_id, presented))
            self._storing[stored.key_id] = task
        return matches

    async def _matches_pbkdf2(self, presented: PresentedKey, stored: str, peer: str) -> bool:
        try:
            return await self._pbkdf2.matches(presented.key, stored, presented.prefix, peer)
        except TooManyKeyChecks:
            self._metrics.add(API_KEY_CHECKS, 1, "overloaded")
            raise

    async def _store_sha256_hash(self, key_id: str, presented: PresentedKey) -> None:
        hashed_key = sha256_hash(presented.key)
        try:
            await store_sha256_hash(self._database, key_id=key_id, hashed_key=hashed_key)
        except PassportScorerError as error:
            log.warning(
                "sha256_hash_not_stored", api_key_prefix=presented.prefix, reason=error.code
            )
        finally:
            self._storing.pop(key_id, None)


def _has_pbkdf2(stored: ApiKey) -> bool:
    return stored.hashed_key_sha256 is None and is_pbkdf2_hash(stored.hashed_key)


def _matches_sha256(presented: PresentedKey, stored: str) -> bool:
    if not is_sha256_hash(stored):
        log.warning("unknown_hash_format", api_key_prefix=presented.prefix)
        return False
    return matches_sha256_hash(presented.key, stored)
