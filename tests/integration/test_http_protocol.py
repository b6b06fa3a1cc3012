"""Connections over real sockets; deadlines pass by looking at them with a later time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec
import pytest
import uvicorn
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from passport_scorer.api.http.responses import error_response
from passport_scorer.server.connection_limits import ConnectionLimits
from passport_scorer.server.http_protocol import HttpConnection
from passport_scorer.server.listener_state import ListenerState
from passport_scorer.telemetry.metric_types import Metric
from passport_scorer.telemetry.metrics import CONNECTIONS_REFUSED, NoMetrics

GET = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
KILOBYTE = 1024
LIMITS = ConnectionLimits(linger_seconds=0.0)


class Counted(NoMetrics):
    """Return the number of refusals by reason."""

    def __init__(self) -> None:
        self.reasons: dict[str, int] = {}

    def add(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        if metric is CONNECTIONS_REFUSED:
            self.reasons[labels[0]] = self.reasons.get(labels[0], 0) + int(amount)


class Client:
    """The other end of a connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        with suppress(ConnectionError):
            await self._loop.sock_sendall(self._socket, data)

    async def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        received = b""
        with suppress(ConnectionError):
            while data := await self._loop.sock_recv(self._socket, 65536):
                received += data
        return received

    async def until(self, end: bytes) -> bytes:
        """Everything up to these bytes."""
        received = b""
        while not received.endswith(end):
            data = await self._loop.sock_recv(self._socket, 1)
            assert data, received
            received += data
        return received

    async def status(self) -> int:
        """The status with which the connection ends; 0: none."""
        words = (await self.rest()).split(b" ", 2)
        return int(words[1]) if len(words) > 1 else 0

    def close(self) -> None:
        self._socket.close()


class Listener:
    """A listener whose application does what the path says."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.counted = Counted()
        self.state = ListenerState("public", limits, self.counted)
        self.release = asyncio.Event()
        self.bodies: list[int] = []
        self.clients: list[Client] = []
        self._looks = 0
        self._began = 0.0
        self._config = uvicorn.Config(
            self.answer,
            interface="asgi3",
            log_config=None,
            ws="none",
            lifespan="off",
            proxy_headers=False,
        )
        self._config.load()
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(100)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`/wait` waits to be released, `/large` is 1 MB, a body is read to its end."""
        if scope["path"] == "/wait":
            await self.release.wait()
        response = Response(b"x" * KILOBYTE**2 if scope["path"] == "/large" else b"done.")
        try:
            if scope["method"] == "POST":
                self.bodies.append(await _length_of_body(receive))
        except Exception as error:  # noqa: BLE001
            response = error_response(error)
        await response(scope, receive, send)

    def protocol(self) -> HttpConnection:
        return HttpConnection(config=self._config, server_state=self.state, app_state={})

    async def connect(self, receive_buffer: int | None = None) -> Client:
        """A new connection, as soon as the listener knows it."""
        connection = socket.socket()
        connection.setblocking(False)
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, self._socket.getsockname())
        self.clients.append(Client(connection))
        await settled()
        return self.clients[-1]

    async def later(self, second: int) -> None:
        """Look at the deadlines once for each second from the first look to this one."""
        if not self._looks:
            self._began = asyncio.get_running_loop().time()
        while self._looks <= second:
            self.state.sweep(self._began + self._looks)
            self._looks += 1
            for _ in range(5):
                await asyncio.sleep(0)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Listener]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self.protocol, sock=self._socket)
        yield self
        server.close()
        self.release.set()
        for client in self.clients:
            client.close()
        await eventually(lambda: not self.state.connections and not self.state.tasks)
        assert self.state.memory.held == 0
        assert self.state.unsent == 0
        assert self.state.receiving == 0
        assert not self.state.holding | self.state.unread


async def _length_of_body(receive: Receive) -> int:
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return -1
        length += len(message["body"])
        if not message["more_body"]:
            return length


async def settled() -> None:
    """Let everything in progress finish."""
    for _ in range(20):
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until something is so; the test's own time limit ends what never is."""
    while True:
        await asyncio.sleep(0.005)
        if condition():
            return


Listen = Callable[..., Awaitable[Listener]]


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Starts a listener with limits that differ from the usual ones."""
    contexts: list[Any] = []

    async def start(**limits: Any) -> Listener:
        context = Listener(msgspec.structs.replace(LIMITS, **limits)).listening()
        contexts.append(context)
        started: Listener = await context.__aenter__()
        return started

    yield start
    for context in contexts:
        await context.__aexit__(None, None, None)


@pytest.mark.parametrize(
    ("sent", "seconds", "status", "reason"),
    [
        (b"", 10, 0, "no_request"),
        (GET[:20], 10, 408, "head_timeout"),
        (POST % 100_000 + b"x" * 1000, 10, 408, "body_timeout"),
        (POST % 100_000 + b"x" * 50_000, 20, 408, "body_timeout"),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
            10,
            408,
            "body_timeout",
        ),
    ],
)
async def test_what_never_ends_is_ended(
    listen: Listen, sent: bytes, seconds: int, status: int, reason: str
) -> None:
    """A request that is incomplete too long gets 408, and not a moment earlier."""
    listener = await listen()
    client = await listener.connect()
    await client.send(sent)
    await settled()
    await listener.later(seconds - 2)
    assert not listener.counted.reasons
    await listener.later(seconds + 1)
    assert await client.status() == status
    assert listener.counted.reasons == {reason: 1}


async def test_a_body_that_comes_fast_enough(listen: Listen) -> None:
    """A body may take as long as it likes, if enough of it comes."""
    listener = await listen()
    client = await listener.connect()
    await client.send(POST % 240_000)
    await settled()
    start = asyncio.get_running_loop().time()
    for second in range(48):
        await client.send(b"x" * 5000)
        await settled()
        listener.state.sweep(start + second)
    assert b"200 OK" in await client.until(b"done.")
    assert listener.bodies == [240_000]


async def test_a_delayed_process_does_not_blame_its_clients(listen: Listen) -> None:
    """Bytes that came while the process was stopped are read before timeouts are applied."""
    listener = await listen()
    client = await listener.connect()
    await client.send(POST % 10)
    await settled()
    now = asyncio.get_running_loop().time()
    listener.state.sweep(now)
    listener.state.sweep(now + 60)
    await client.send(b"x" * 10)
    assert b"200 OK" in await client.until(b"done.")
    assert not listener.counted.reasons


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (GET[:-2] % b"" + b"a:\r\n" * 200_000, 431),
        (GET[:-2] % b"" + b"X: " + b"x" * 200_000, 431),
        (GET[:-2] % b"" + b"X" * 200_000, 431),
        (b"GET /" + b"x" * 200_000, 414),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
            + b"a:\r\n" * 90_000,
            431,
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"a" * 200_000,
            431,
        ),
    ],
    ids=["headers", "value", "name", "target", "trailers", "extension"],
)
async def test_heads_without_end(listen: Listen, sent: bytes, status: int) -> None:
    """A head, or trailers, are refused as soon as they are too long, and their memory is freed."""
    listener = await listen()
    client = await listener.connect()
    asking = asyncio.create_task(client.status())
    await client.send(sent)
    await settled()
    (connection,) = listener.state.connections or (None,)
    assert connection is None or connection.held_bytes == 0
    await listener.later(1)
    assert await asking == status
    assert listener.counted.reasons == {"head_too_long": 1}


async def test_idle_connections_end(listen: Listen) -> None:
    """A connection without a request ends after 75 seconds, which is not counted as a refusal."""
    listener = await listen()
    client = await listener.connect()
    await client.send(GET % b"")
    await client.until(b"done.")
    await listener.later(73)
    assert listener.state.connections
    await listener.later(76)
    assert await client.rest() == b""
    assert not listener.counted.reasons


async def test_a_request_that_is_worked_on_stays(listen: Listen) -> None:
    """No deadline ends what the service itself takes its time for."""
    listener = await listen()
    client = await listener.connect()
    await client.send(GET % b"wait")
    await settled()
    await listener.later(300)
    listener.release.set()
    assert b"200 OK" in await client.until(b"done.")


async def test_the_quietest_connection_makes_room(listen: Listen) -> None:
    """At the limit, a connection without a request is closed first, then the one idle longest."""
    listener = await listen(connections=3, quiet_seconds=0.0)
    idle, busy = await listener.connect(), await listener.connect()
    await idle.send(GET % b"")
    await idle.until(b"done.")
    await busy.send(GET % b"wait")
    silent = await listener.connect()
    newcomer = await listener.connect()
    assert await silent.status() == 503
    await newcomer.send(GET % b"wait")
    await settled()
    another = await listener.connect()
    assert await idle.rest() == b""
    await another.send(GET % b"wait")
    await settled()
    refused = await listener.connect()
    answer = await refused.rest()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in answer
    listener.release.set()
    for client in (busy, newcomer, another):
        assert b"200 OK" in await client.until(b"done.")
    assert listener.counted.reasons == {"closed_for_others": 2, "too_many_connections": 1}


async def test_requests_in_flight(listen: Listen) -> None:
    """Beyond the limit requests get 503 at once, health checks are answered, bodies wait."""
    listener = await listen(requests=2)
    receiving = [await listener.connect() for _ in range(4)]
    for client in receiving:
        await client.send(POST % 2 + b"x")
    busy = [await listener.connect() for _ in range(2)]
    for client in busy:
        await client.send(GET % b"wait")
    await settled()
    refused = await listener.connect()
    await refused.send(GET % b"")
    answer = await refused.until(b'"}')
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in answer
    await refused.send(GET % b"health")
    assert b"200 OK" in await refused.until(b"done.")
    listener.release.set()
    for client in busy:
        assert b"200 OK" in await client.until(b"done.")
    for client in (*busy, refused):
        await client.send(GET % b"")
        assert b"200 OK" in await client.until(b"done.")
    assert listener.counted.reasons == {"too_many_requests": 1}


async def test_memory_of_requests(listen: Listen) -> None:
    """A slow sender is closed to free memory for a fast one; the accounts stay exact."""
    listener = await listen(request_bytes=100_000, quiet_seconds=0.0)
    stalled = [await listener.connect() for _ in range(4)]
    for client in stalled:
        await client.send(POST % 30_000 + b"x" * 24_000)
        await settled()
    assert listener.state.memory.held == 96_000
    good = await listener.connect()
    await good.send(POST % 60_000 + b"x" * 60_000)
    assert b"200 OK" in await good.until(b"done.")
    assert [await client.status() for client in stalled[:2]] == [408, 408]
    assert listener.bodies == [60_000]


async def test_a_request_that_does_not_fit(listen: Listen) -> None:
    """If no connection is slow, the new one gets 503."""
    listener = await listen(request_bytes=100_000, quiet_seconds=60.0)
    client = await listener.connect()
    await client.send(POST % 200_000 + b"x" * 150_000)
    answer = await client.rest()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in answer
    assert listener.counted.reasons == {"request_memory": 1}


async def test_pipelined_requests_stay_unparsed(listen: Listen) -> None:
    """Behind a request that is worked on nothing is parsed, and only so much is kept."""
    listener = await listen()
    client = await listener.connect()
    await client.send(GET % b"wait" + (GET % b"") * 100)
    await settled()
    assert len(listener.state.tasks) == 1
    assert listener.state.memory.held == 100 * len(GET % b"")
    listener.release.set()
    received = b""
    for _ in range(101):
        received += await client.until(b"done.")
    assert received.count(b"200 OK") == 101
    assert listener.state.memory.held == 0
    flood = await listener.connect()
    listener.release.clear()
    await flood.send(GET % b"wait")
    await settled()
    await flood.send((GET % b"") * 5000)
    assert await flood.rest() == b""
    assert listener.counted.reasons == {"pipelined_too_much": 1}


async def test_slow_readers(listen: Listen) -> None:
    """A client that reads nothing is cut off after ten seconds, and delays no other request."""
    listener = await listen()
    client = await listener.connect(receive_buffer=4096)
    await client.send((GET % b"large") * 3)
    await eventually(lambda: listener.state.unsent > 900_000)
    await settled()
    assert not listener.state.tasks
    assert listener.state.unsent <= KILOBYTE**2
    await listener.later(11)
    assert listener.counted.reasons == {"reader_too_slow": 1}
    await eventually(lambda: not listener.state.connections)


async def test_memory_of_responses(listen: Listen) -> None:
    """Too many unread responses: as many readers are cut off as have to be."""
    listener = await listen(response_bytes=3 * KILOBYTE**2)
    for _ in range(6):
        client = await listener.connect(receive_buffer=4096)
        await client.send(GET % b"large")
    await eventually(lambda: listener.counted.reasons.get("response_memory", 0) >= 3)
    assert listener.state.unsent <= 3 * KILOBYTE**2


@pytest.mark.parametrize("sent", [GET[:20], POST % 10 + b"x"])
async def test_the_end_does_not_wait_for_half_a_request(listen: Listen, sent: bytes) -> None:
    """Three seconds after the listener is closed, what is incomplete gets 408."""
    listener = await listen()
    client = await listener.connect()
    await client.send(sent)
    await settled()
    listener.state.is_draining = True
    listener.state.closed_at = asyncio.get_running_loop().time()
    await listener.later(2)
    assert not listener.counted.reasons
    await listener.later(4)
    assert await client.status() == 408
    assert listener.counted.reasons == {"incomplete_at_end": 1}
