"""Checks slow hashes without holding up anything else.

A check costs about 100 ms of CPU. So checks run in one thread, one after the other (a thread is
enough: the derivation releases the interpreter lock). Equal ones that are waiting are shared. Few
may wait, and the places are shared fairly: the prefixes of keys take turns, and for each prefix
the peers do. A flood of wrong keys costs one core at most, never memory, and nobody else's place.

A stored hash fits one key. Once that key is known, every answer about the hash comes from memory,
also that another key is wrong.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec

from passport_scorer.auth.fair_queue import FairQueue, QueueFull
from passport_scorer.auth.key_hashes import matches_pbkdf2_hash
from passport_scorer.domain.errors import PassportScorerError

MOST_WAITING = 32
MOST_OF_PREFIX = 4
MOST_OF_PEER = 2
_MOST_REMEMBERED = 4096

Key = TypeVar("Key")
Value = TypeVar("Value")


class TooManyKeyChecks(PassportScorerError):
    """Too many API keys are being checked right now. Try again."""

    code = "too_many_key_checks"


class _Check(msgspec.Struct, frozen=True):
    """A question that waits: is `stored` made of `key`?"""

    question: bytes
    key: str
    stored: str
    answer: asyncio.Future[bool]


class Pbkdf2Hashes:
    """Answers whether a key matches a slow hash."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="slow-hash")
        self._waiting: FairQueue[_Check] = FairQueue(MOST_WAITING, MOST_OF_PREFIX, MOST_OF_PEER)
        self._answers: dict[bytes, asyncio.Future[bool]] = {}
        self._is_busy = False
        self._right: OrderedDict[str, bytes] = OrderedDict()  # stored hash -> digest of its key
        self._wrong: OrderedDict[bytes, bool] = OrderedDict()  # questions

    async def matches(self, key: str, stored: str, prefix: str = "", peer: str = "") -> bool:
        """Return True if `stored` was made of `key`.

        Args:
            key: what is presented.
            stored: the hash.
            prefix: of the key.
            peer: who presents it.

        Raises:
            TooManyKeyChecks: too many keys of this prefix or peer are waiting.
        """
        question = hashlib.sha256(f"{stored}\0{key}".encode()).digest()
        if (right := self._right.get(stored)) is not None:
            self._right.move_to_end(stored)
            return hmac.compare_digest(right, question)
        if question in self._wrong:
            self._wrong.move_to_end(question)
            return False
        answer = self._answers.get(question)
        if answer is None:
            answer = asyncio.get_running_loop().create_future()
            self._enqueue(_Check(question, key, stored, answer), prefix, peer)
        return await asyncio.shield(answer)

    def close(self) -> None:
        """Drop the checks that wait."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        while len(self._waiting):
            self._waiting.take().answer.cancel()

    def _enqueue(self, check: _Check, prefix: str, peer: str) -> None:
        try:
            displaced = self._waiting.put(prefix, peer, check)
        except QueueFull:
            raise TooManyKeyChecks from None
        self._answers[check.question] = check.answer
        if displaced is not None:
            del self._answers[displaced.question]
            displaced.answer.set_exception(TooManyKeyChecks())
            displaced.answer.exception()  # whoever asked may have left
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
        del self._answers[check.question]
        if done.cancelled():
            check.answer.cancel()
            return
        if error := done.exception():
            check.answer.set_exception(error)
            check.answer.exception()  # whoever asked may have left
        else:
            if done.result():
                _remember(self._right, check.stored, check.question)
            else:
                _remember(self._wrong, check.question, value=True)
            check.answer.set_result(done.result())
        self._start_next()


def _remember(verdicts: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    verdicts[key] = value
    if len(verdicts) > _MOST_REMEMBERED:
        verdicts.popitem(last=False)
