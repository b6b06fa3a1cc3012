"""Hold hostile connections open, and measure good calls meanwhile.

    python -m tests.chaos.hostile_connections http://127.0.0.1:8000 half_heads --count 1000

Targets only this machine. With `--process`, also measures the memory of the service.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
MEGABYTE = 1024 * 1024
_TINY_HEADERS = memoryview(b"a:\r\n" * MEGABYTE)
_SPACES = memoryview(b" " * 4 * MEGABYTE)
_STEP_SECONDS = 0.5  # between two pieces that are sent slowly
_SMALL_WINDOW = 4096  # bytes that the system buffers for a slow reader
_PATIENCE = 30.0  # seconds in which a good call must be answered


@dataclass
class Target:
    """The target of the attack.

    Attributes:
        host: an address of this machine.
        port: the port of the service.
        token: an access token, for bodies that only owners can send; without one
            they go to the sign-in.
    """

    host: str
    port: int
    token: str | None = None

    def body_head(self, length: int) -> bytes:
        """Return the head of a request with a body."""
        path, authorization = "/ceramic-cache/authenticate/v2", ""
        if self.token is not None:
            path, authorization = "/ceramic-cache/stamps/bulk", f"Bearer {self.token}"
        head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
        return f"{head}Authorization: {authorization}\r\n\r\n".encode()


@dataclass
class Outcome:
    """The outcome of hostile connections.

    Attributes:
        opened: the number opened, including replacements of closed ones.
        closed: the number closed by the service.
        failed: the number that could not be opened.
        statuses: the statuses of responses.
    """

    opened: int = 0
    closed: int = 0
    failed: int = 0
    statuses: Counter[int] = field(default_factory=Counter)

    def note(self, received: bytes) -> None:
        """Count the statuses in the received bytes."""
        for part in received.split(b"HTTP/1.1 ")[1:]:
            if part[:3].isdigit():
                self.statuses[int(part[:3])] += 1


class _Connection:
    """A socket that sends and reads only on request."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self.received = b""

    async def send(self, data: bytes | memoryview) -> None:
        await self._loop.sock_sendall(self._socket, data)

    async def read(self, count: int = 65536) -> bytes:
        """Read up to this number of bytes; an empty result means the end."""
        data = await self._loop.sock_recv(self._socket, count)
        self.received = (self.received + data)[: 64 * 1024]
        return data

    async def read_for(self, seconds: float) -> bool:
        """Read for a while; return False at the end of the connection."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await self.read():
                    pass
                return False
        return True

    async def read_slowly(self) -> None:
        """Read a few bytes at a time until the end."""
        data = b"any"
        while data:
            data = await self.read(64)
            await asyncio.sleep(_STEP_SECONDS)


Kind = Callable[[Target, _Connection], Awaitable[None]]


async def silent(_target: Target, connection: _Connection) -> None:
    """Send nothing at all."""
    while await connection.read_for(_STEP_SECONDS):
        pass


async def half_heads(_target: Target, connection: _Connection) -> None:
    """Send a head a few bytes at a time, and never its end."""
    await connection.send(HEALTH[:-2])
    while await connection.read_for(_STEP_SECONDS):
        await connection.send(b"X-A: b\r\n")


async def many_headers(_target: Target, connection: _Connection) -> None:
    """Send 4 MB of tiny headers, and wait."""
    await connection.send(HEALTH[:-2])
    await connection.send(_TINY_HEADERS)
    await silent(_target, connection)


async def long_headers(_target: Target, connection: _Connection) -> None:
    """Send most of a long head, and wait."""
    await connection.send(HEALTH[:-2] + b"X-A: " + b"x" * 60_000)
    await silent(_target, connection)


async def half_bodies(target: Target, connection: _Connection) -> None:
    """Send all but one byte of a body of the maximum size, and wait."""
    length = 4 * MEGABYTE if target.token else 64 * 1024
    await connection.send(target.body_head(length) + b"[")
    await connection.send(_SPACES[: length - 2])
    await silent(target, connection)


async def dribbled_bodies(target: Target, connection: _Connection) -> None:
    """Send a body one byte at a time."""
    await connection.send(target.body_head(60_000))
    while await connection.read_for(_STEP_SECONDS):
        await connection.send(b" ")


async def idle(_target: Target, connection: _Connection) -> None:
    """Send one request, and keep the connection."""
    await connection.send(HEALTH)
    await silent(_target, connection)


async def slow_readers(_target: Target, connection: _Connection) -> None:
    """Request something large, and read a few bytes at a time."""
    await connection.send(LARGE)
    await connection.read_slowly()


async def pipelined(_target: Target, connection: _Connection) -> None:
    """Pipeline hundreds of requests, and read hardly any response."""
    await connection.send((HEALTH * 300 + LARGE) * 4)
    await connection.read_slowly()


async def not_http(_target: Target, connection: _Connection) -> None:
    """Send bytes that are not HTTP."""
    await connection.send(random.randbytes(200) + b"\r\n\r\n")
    await silent(_target, connection)


KINDS: Mapping[str, Kind] = {
    kind.__name__: kind
    for kind in (
        silent,
        half_heads,
        many_headers,
        long_headers,
        half_bodies,
        dribbled_bodies,
        idle,
        slow_readers,
        pipelined,
        not_http,
    )
}


async def attack(target: Target, kind: str, count: int, seconds: float) -> Outcome:
    """Keep hostile connections open; replace closed ones.

    Args:
        target: the target of the attack.
        kind: one of `KINDS`.
        count: the number of concurrent connections.
        seconds: the duration.
    """
    outcome = Outcome()
    until = time.monotonic() + seconds
    await asyncio.gather(*(_again_and_again(target, kind, outcome, until) for _ in range(count)))
    return outcome


async def _again_and_again(target: Target, kind: str, outcome: Outcome, until: float) -> None:
    while (left := until - time.monotonic()) > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                await _once(target, kind, outcome)
                await asyncio.sleep(_STEP_SECONDS)


async def _once(target: Target, kind: str, outcome: Outcome) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket() as plain:
        plain.setblocking(False)
        if kind in ("slow_readers", "pipelined"):
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_WINDOW)
        try:
            await loop.sock_connect(plain, (target.host, target.port))
        except OSError:
            outcome.failed += 1
            return
        outcome.opened += 1
        connection = _Connection(plain)
        try:
            with suppress(OSError):
                await KINDS[kind](target, connection)
            with suppress(OSError):  # bytes received before the connection was closed
                await connection.read_for(0.1)
            outcome.closed += 1
        finally:
            outcome.note(connection.received)


@dataclass
class GoodCalls:
    """The observations of good callers.

    Attributes:
        seconds: the latency of each call with status 200.
        failures: outcome of each other call -> count.
    """

    seconds: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)

    def quantile(self, share: float) -> float:
        """Return this quantile of the latencies in seconds."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


async def good_calls(
    target: Target, request: bytes, *, callers: int, seconds: float, pause: float = 0.02
) -> GoodCalls:
    """Send requests repeatedly over keep-alive connections and over new ones.

    Args:
        target: the target.
        request: a complete request that gets 200.
        callers: the number of concurrent callers; every second one connects for each call.
        seconds: the duration.
        pause: seconds between two calls of a caller.
    """
    calls = GoodCalls()
    until = time.monotonic() + seconds
    await asyncio.gather(
        *(
            _caller(target, request, calls, until, pause, keeps=number % 2 == 0)
            for number in range(callers)
        )
    )
    return calls


async def _caller(
    target: Target, request: bytes, calls: GoodCalls, until: float, pause: float, *, keeps: bool
) -> None:
    kept: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            async with asyncio.timeout(_PATIENCE):
                streams = kept or await asyncio.open_connection(target.host, target.port)
                status, stays = await _answer(streams, request)
            if status == 200:
                calls.seconds.append(time.monotonic() - began)
            else:
                calls.failures[str(status)] += 1
            kept = streams if keeps and stays else None
            if kept is None:
                streams[1].close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            calls.failures[type(error).__name__] += 1
            kept = None
        await asyncio.sleep(pause)


async def _answer(
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes
) -> tuple[int, bool]:
    reader, writer = streams
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return int(head[9:12]), b"connection: close" not in head


async def watch_memory(process: int, seconds: float) -> int:
    """Return the maximum resident memory of a process over a while, in bytes."""
    highest, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        highest = max(highest, resident_bytes(process))
        await asyncio.sleep(0.1)
    return highest


def resident_bytes(process: int) -> int:
    """Return the resident memory of a process, in bytes."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


async def _apart(target: Target, request: bytes, seconds: float) -> GoodCalls:
    """Send good calls from a separate process, which the attack does not slow down."""
    loop, context = asyncio.get_running_loop(), multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as other:
        return await loop.run_in_executor(other, _good_calls, target, request, seconds)


def _good_calls(target: Target, request: bytes, seconds: float) -> GoodCalls:
    return asyncio.run(good_calls(target, request, callers=10, seconds=seconds))


async def measure(
    target: Target, kind: str, *, count: int, seconds: float, request: bytes, process: int | None
) -> dict[str, object]:
    """Compare good calls before and during an attack."""
    before = await _apart(target, request, min(5.0, seconds))
    attacking = asyncio.create_task(attack(target, kind, count, seconds))
    watching = asyncio.create_task(watch_memory(process, seconds)) if process else None
    during = await _apart(target, request, seconds)
    outcome = await attacking
    return {
        "kind": kind,
        "hostile": {
            "opened": outcome.opened,
            "closed": outcome.closed,
            "failed": outcome.failed,
            "statuses": dict(outcome.statuses),
        },
        "good": {"calls": len(during.seconds), "failures": dict(during.failures)},
        "p99_ms_before": round(before.quantile(0.99) * 1000, 1),
        "p99_ms_during": round(during.quantile(0.99) * 1000, 1),
        "rss_mb": round(await watching / MEGABYTE) if watching else None,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run an attack, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("url")
    parser.add_argument("kinds", nargs="+", choices=[*KINDS, "all"])
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--token", help="an access token, for large bodies")
    parser.add_argument("--path", default="/health", help="what good callers ask for")
    parser.add_argument("--key", help="the API key of good callers")
    parser.add_argument("--process", type=int, help="whose memory is watched")
    options = parser.parse_args(arguments)
    place = urlsplit(options.url)
    target = Target(place.hostname or "127.0.0.1", place.port or 80, options.token)
    key = f"X-API-Key: {options.key}\r\n" if options.key else ""
    request = f"GET {options.path} HTTP/1.1\r\nHost: localhost\r\n{key}\r\n".encode()
    kinds = list(KINDS) if "all" in options.kinds else options.kinds
    for kind in kinds:
        measured = asyncio.run(
            measure(
                target,
                kind,
                count=options.count,
                seconds=options.seconds,
                request=request,
                process=options.process,
            )
        )
        sys.stdout.write(json.dumps(measured) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
