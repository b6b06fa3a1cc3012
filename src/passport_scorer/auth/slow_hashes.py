"""Checks slow hashes without holding up anything else.

A check costs about 100 ms of CPU. So they are made in one thread, one after the other (a thread
is enough: the derivation releases the interpreter lock); equal ones that are under way are
shared, verdicts are remembered, and only so many may wait: a flood of wrong keys costs one core
at most and never memory.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from passport_scorer.auth.key_hashes import matches_slow_hash
from passport_scorer.domain.errors import PassportScorerError

_MOST_WAITING = 32
_MOST_REMEMBERED = 4096


class TooManyKeyChecks(PassportScorerError):
    """Too many API keys are being checked right now. Try again."""

    code = "too_many_key_checks"


class SlowHashes:
    """Answers whether a key matches a slow hash."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="slow-hash")
        self._under_way: dict[bytes, asyncio.Future[bool]] = {}
        self._verdicts: OrderedDict[bytes, bool] = OrderedDict()

    async def matches(self, key: str, stored: str) -> bool:
        """Return True if `stored` was made of `key`.

        Raises:
            TooManyKeyChecks: too many others are waiting.
        """
        question = hashlib.sha256(f"{stored}\0{key}".encode()).digest()
        if question in self._verdicts:
            self._verdicts.move_to_end(question)
            return self._verdicts[question]
        check = self._under_way.get(question)
        if check is None:
            if len(self._under_way) >= _MOST_WAITING:
                raise TooManyKeyChecks
            loop = asyncio.get_running_loop()
            check = loop.run_in_executor(self._thread, matches_slow_hash, key, stored)
            self._under_way[question] = check
            check.add_done_callback(lambda done: self._finish(question, done))
        return await asyncio.shield(check)

    def close(self) -> None:
        """Drop the checks that wait."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _finish(self, question: bytes, check: asyncio.Future[bool]) -> None:
        del self._under_way[question]
        if check.cancelled() or check.exception():
            return
        self._verdicts[question] = check.result()
        if len(self._verdicts) > _MOST_REMEMBERED:
            self._verdicts.popitem(last=False)
