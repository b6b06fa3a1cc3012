"""Checks PBKDF2 hashes off the event loop.

A check takes about 100 ms of CPU. Checks run one at a time in a single thread (a thread is enough:
the derivation releases the GIL), and identical checks that are waiting are shared. The queue is
short and fair: the prefixes of keys take turns, and so do the peers of each prefix. A flood of
wrong keys therefore costs up to one core, no memory, and no slot of another caller.

A stored hash matches one key. Once that key is known, every answer about the hash comes from the
cache, including that another key is wrong.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor

import msgspec
from cachetools import LRUCache

from passport_scorer.auth.fair_queue import FairQueue, QueueFull
from passport_scorer.auth.key_hashes import matches_pbkdf2_hash
from passport_scorer.domain.errors import PassportScorerError

MAX_WAITING = 32
MAX_PER_PREFIX = 4
MAX_PER_PEER = 2
_CACHE_SIZE = 4096


class TooManyKeyChecks(PassportScorerError):
    """Too many API keys are being checked right now. Please try again."""

    code = "too_many_key_checks"


class _Check(msgspec.Struct, frozen=True):
    """A check that waits: does `key` match `stored`?"""

    digest: bytes
    key: str
    stored: str
    answer: asyncio.Future[bool]


class Pbkdf2Hashes:
    """Checks whether keys match PBKDF2 hashes."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pbkdf2")
        self._waiting: FairQueue[_Check] = FairQueue(MAX_WAITING, MAX_PER_PREFIX, MAX_PER_PEER)
        self._answers: dict[bytes, asyncio.Future[bool]] = {}
        self._is_busy = False
        # Stored hash -> digest of its key; digests of wrong keys.
        self._matching: LRUCache[str, bytes] = LRUCache(_CACHE_SIZE)
        self._wrong: LRUCache[bytes, bool] = LRUCache(_CACHE_SIZE)

    async def matches(self, key: str, stored: str, prefix: str = "", peer: str = "") -> bool:
        """Return True if `key` matches `stored`.

        Args:
            key: the presented key.
            stored: the PBKDF2 hash.
            prefix: of the key.
            peer: the network address it comes from.

        Raises:
            TooManyKeyChecks: too many keys of this prefix or peer are waiting.
        """
        digest = hashlib.sha256(f"{stored}\0{key}".encode()).digest()
        if (matching := self._matching.get(stored)) is not None:
            return hmac.compare_digest(matching, digest)
        if self._wrong.get(digest):
            return False
        answer = self._answers.get(digest)
        if answer is None:
            answer = asyncio.get_running_loop().create_future()
            self._enqueue(_Check(digest, key, stored, answer), prefix, peer)
        return await asyncio.shield(answer)

    def close(self) -> None:
        """Drop the waiting checks."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        while len(self._waiting):
            self._waiting.take().answer.cancel()

    def _enqueue(self, check: _Check, prefix: str, peer: str) -> None:
        try:
            displaced = self._waiting.put(prefix, peer, check)
        except QueueFull:
            raise TooManyKeyChecks from None
        self._answers[check.digest] = check.answer
        if displaced is not None:
            del self._answers[displaced.digest]
            displaced.answer.set_exception(TooManyKeyChecks())
            displaced.answer.exception()  # the caller may be gone
        self._start_next()

    def _start_next(self) -> None:
        if self._is_busy or not len(self._waiting):
            return
        check = self._waiting.take()
        loop = asyncio.get_running_loop()
        done = loop.run_in_executor(self._thread, matches_pbkdf2_hash, check.key, check.stored)
        self._is_busy = True
        done.add_done_callback(lambda done: self._finish(check, done))

    def _finish(self, check: _Check, done: asyncio.Future[bool]) -> None:
        self._is_busy = False
        del self._answers[check.digest]
        if done.cancelled():
            check.answer.cancel()
            return
        if error := done.exception():
            check.answer.set_exception(error)
            check.answer.exception()  # the caller may be gone
        else:
            if done.result():
                self._matching[check.stored] = check.digest
            else:
                self._wrong[check.digest] = True
            check.answer.set_result(done.result())
        self._start_next()
