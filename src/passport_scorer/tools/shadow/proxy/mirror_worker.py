"""The mirror process: repeats requests with the candidate and compares the responses."""

from __future__ import annotations

import asyncio
import socket

import msgspec

from passport_scorer.tools.shadow.http_client import Target, response_of
from passport_scorer.tools.shadow.proxy.mirror_queue import read_mirrored
from passport_scorer.tools.shadow.recorder import Recorder


class MirrorWorker:
    """Reads exchanges as fast as the candidate responds; the rest stays in the bounded queue.

    Args:
        exchanges: the socket that a `MirrorQueue` writes to.
        candidate: the deployment to test.
        recorder: compares and counts.
        concurrency: maximum requests in flight.

    Attributes:
        taken: the number of exchanges read.
    """

    def __init__(
        self, exchanges: socket.socket, candidate: Target, recorder: Recorder, concurrency: int
    ) -> None:
        self._exchanges = exchanges
        self._candidate = candidate
        self._recorder = recorder
        self._concurrency = concurrency
        self._in_flight = 0
        self.taken = 0

    async def run(self) -> None:
        """Mirror requests until the queue is closed."""
        reader, writer = await asyncio.open_connection(sock=self._exchanges)
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
                mirrored = await read_mirrored(reader)
            if mirrored is None:
                return
            self.taken += 1
            raw = mirrored.response
            control = response_of(raw.status, raw.headers or (), raw.body, raw.seconds)
            self._in_flight += 1
            # Queued requests arrive in bursts: under a higher load than the control's, latencies
            # are not comparable.
            is_burst = self._in_flight > mirrored.in_flight
            try:
                candidate = await self._candidate.send(mirrored.request)
            finally:
                self._in_flight -= 1
            if is_burst:
                candidate = msgspec.structs.replace(candidate, seconds=None)
            self._recorder.exchange(mirrored.request, control, candidate)
