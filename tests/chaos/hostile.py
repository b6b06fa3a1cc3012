"""Hostile connections: half-sent, endless, silent, or never read.

A separate process, so that the cost of the attack does not delay the measured requests:
`python -m tests.chaos.hostile KIND COUNT PORT ADDRESS`, until it is killed.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import uvloop

from tests.chaos.client import HOST, HOSTILE_HOST, request
from tests.chaos.workload import access_token

MEGABYTE = 1024 * 1024
OPEN_AT_ONCE = 50


@dataclass(frozen=True)
class Aim:
    """The target of hostile connections.

    Attributes:
        port: the port of the service.
        token: a header line with a valid access token.
        address: the address of the token.
    """

    port: int
    token: str
    address: str


# Attacks over one connection, which stays open afterwards.
Attack = Callable[[Aim, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Kind:
    """A kind of hostile connections.

    Attributes:
        attack: what each connection does.
        count: the number of connections at scale 1.
        stops_within: the maximum of seconds from SIGTERM to the exit of the service.
    """

    attack: Attack
    count: int
    stops_within: float = 10.0


async def silent(aim: Aim, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send nothing."""


async def half_heads(aim: Aim, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a head, one byte a second, that never ends."""
    writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    while True:
        writer.write(b"a")
        await writer.drain()
        await asyncio.sleep(1)


async def half_bodies(aim: Aim, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a body of nearly 4 MB without its last byte."""
    body = b'["' + b"a" * (4 * MEGABYTE - 10)
    whole = request("POST", "/ceramic-cache/stamps/bulk", aim.token, body=body + b'"]')
    writer.write(whole[:-1])
    await writer.drain()


async def slow_bodies(aim: Aim, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a body, two bytes a second."""
    whole = request("POST", "/ceramic-cache/stamps/bulk", aim.token, body=b" " * 100_000)
    writer.write(whole[:-99_999])
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.5)


async def many_headers(
    aim: Aim, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Send 780,000 tiny headers without the end of the head."""
    writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"a:\r\n" * 780_000)
    await writer.drain()


async def slow_readers(
    aim: Aim, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Pipeline requests with long responses, and never read them."""
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(request("GET", "/openapi.json") * 500)
    await writer.drain()


async def reconnecting(
    aim: Aim, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Open connection after connection, and abort each during its request."""
    while True:
        with suppress(OSError, RuntimeError):
            _, other = await asyncio.open_connection(HOST, aim.port, local_addr=(HOSTILE_HOST, 0))
            other.write(request("GET", f"/ceramic-cache/stamp?address={aim.address}"))
            await asyncio.sleep(0.01)
            other.transport.abort()
        await asyncio.sleep(0.2)


KINDS: Mapping[str, Kind] = {
    "silent": Kind(silent, 1000),
    "half heads": Kind(half_heads, 1000),
    "half bodies": Kind(half_bodies, 200),
    "slow bodies": Kind(slow_bodies, 500),
    "many headers": Kind(many_headers, 50),
    "slow readers": Kind(slow_readers, 200, stops_within=30.0),
    "reconnecting": Kind(reconnecting, 20),
}
"""The kinds of hostile connections, in the order in which they run."""


async def open_all(kind: Kind, aim: Aim, count: int) -> None:
    """Keep `count` connections of a kind open until this is canceled."""
    slots = asyncio.Semaphore(OPEN_AT_ONCE)
    await asyncio.gather(*(_one(kind, aim, slots) for _ in range(count)))


async def _one(kind: Kind, aim: Aim, slots: asyncio.Semaphore) -> None:
    # uvloop raises RuntimeError where the service has closed the connection.
    with suppress(OSError, RuntimeError):
        async with slots:
            reader, writer = await asyncio.open_connection(
                HOST, aim.port, local_addr=(HOSTILE_HOST, 0)
            )
        await kind.attack(aim, reader, writer)
    await asyncio.Event().wait()


def main(name: str, count: str, port: str, address: str) -> None:
    """Attack until the process is killed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    aim = Aim(int(port), access_token(address), address)
    uvloop.run(open_all(KINDS[name], aim, int(count)))


if __name__ == "__main__":
    main(*sys.argv[1:])
