"""The load of `load.lua` without wrk. It uses as much CPU as the service itself."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import uvloop


def _requests(arguments: list[str]) -> Iterator[bytes]:
    file, path, key, order, start = arguments
    requests = [
        f"GET {path}{address} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {key}\r\n\r\n".encode()
        for address in Path(file).read_text().split()
    ]
    if order == "sequence":
        yield from itertools.islice(itertools.cycle(requests), int(start), None)
    chosen = random.Random(int(start))
    while True:
        yield chosen.choice(requests)


async def _send(
    url: str, requests: Iterator[bytes], end: float, times: list[float], statuses: list[bytes]
) -> None:
    target = urlsplit(url)
    reader, writer = await asyncio.open_connection(target.hostname, target.port)
    while (began := time.perf_counter()) < end:
        writer.write(next(requests))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r")[0]))
        times.append(time.perf_counter() - began)
        statuses.append(head.split(b" ", 2)[1])
    writer.close()


async def _main(url: str, connections: int, seconds: float, arguments: list[str]) -> None:
    times: list[float] = []
    statuses: list[bytes] = []
    requests, began = _requests(arguments), time.perf_counter()
    tasks = (_send(url, requests, began + seconds, times, statuses) for _ in range(connections))
    await asyncio.gather(*tasks)
    ordered = sorted(times)
    result = {
        "requests": len(times),
        "seconds": time.perf_counter() - began,
        "p50_ms": ordered[len(ordered) // 2] * 1000,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
        "errors": sum(not status.startswith(b"2") for status in statuses),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    uvloop.run(_main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
