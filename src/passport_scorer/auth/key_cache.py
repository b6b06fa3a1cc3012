"""The cache of API keys: stored keys, with the versions of their rows.

A cached key lets no caller in: the statement that does what the key allows also checks that the
version is still the same, so that a revocation takes effect at once. See docs/caches.md.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from cachetools import LRUCache

from passport_scorer.auth.api_keys import PresentedKey
from passport_scorer.auth.key_hashes import matches_sha256_hash
from passport_scorer.domain.api_key import ApiKey

_CAPACITY = 4_096  # keys


class CachedKey(msgspec.Struct, frozen=True):
    """A stored API key, and the version of its row."""

    key: ApiKey
    version: str


class KeyCache:
    """Caches stored API keys by prefix; the least recently used is evicted first.

    Args:
        clock: returns the time (aware).
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._keys: LRUCache[str, CachedKey] = LRUCache(_CAPACITY)

    def get(self, presented: PresentedKey) -> CachedKey | None:
        """Return the cached key, if the presented one matches it and it is usable."""
        cached = self._keys.get(presented.prefix)
        if cached is None or not cached.key.is_usable(self._clock()):
            return None
        sha256_hash = cached.key.hashed_key_sha256
        if sha256_hash is None or not matches_sha256_hash(presented.key, sha256_hash):
            return None
        return cached

    def put(self, presented: PresentedKey, key: ApiKey, version: str | None) -> None:
        """Cache a stored key that the presented one was checked against."""
        cached = self._keys.get(presented.prefix)
        if version is not None and (cached is None or cached.version != version):
            self._keys[presented.prefix] = CachedKey(key, version)
