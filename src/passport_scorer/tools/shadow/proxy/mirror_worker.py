"""The watching process: sends copies to the candidate, and compares."""

from __future__ import annotations

import asyncio
import socket

import msgspec

from passport_scorer.tools.shadow.http_client import Target, answer_of
from passport_scorer.tools.shadow.proxy.mirror_queue import next_copy
from passport_scorer.tools.shadow.recorder import Recorder


class Watcher:
    """Takes copies as fast as the candidate answers; what doesn't fit waits or is dropped.

    Args:
        copies: the socket that an `Outbox` writes to.
        candidate: where copies are sent.
        recorder: compares and counts.
        concurrency: copies that are under way at once.

    Attributes:
        taken: how many copies have come.
    """

    def __init__(
        self, copies: socket.socket, candidate: Target, recorder: Recorder, concurrency: int
    ) -> None:
        self._copies = copies
        self._candidate = candidate
        self._recorder = recorder
        self._concurrency = concurrency
        self._under_way = 0
        self.taken = 0

    async def run(self) -> None:
        """Send copies until the outbox is closed."""
        reader, writer = await asyncio.open_connection(sock=self._copies)
        lock = asyncio.Lock()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._concurrency):
                    group.create_task(self._work(reader, lock))
        finally:
            writer.close()

    async def _work(self, reader: asyncio.StreamReader, lock: asyncio.Lock) -> None:
        while True:
            async with lock:
                copy = await next_copy(reader)
            if copy is None:
                return
            self.taken += 1
            answer = copy.answer
            control = answer_of(answer.status, answer.headers or (), answer.body, answer.seconds)
            self._under_way += 1
            # Copies that have waited come in a crowd: how long that takes compares with nothing.
            crowded = self._under_way > copy.at_once
            try:
                candidate = await self._candidate.send(copy.request)
            finally:
                self._under_way -= 1
            if crowded:
                candidate = msgspec.structs.replace(candidate, seconds=None)
            self._recorder.exchange(copy.request, control, candidate)
