"""Where the catalogue comes from: a real server that fails, dawdles, lies, and recovers."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from passport_scorer.catalogue.client import (
    CACHE_SECONDS,
    INITIAL_BACKOFF,
    MAX_BACKOFF,
    MAX_DOCUMENT_SIZE,
    CatalogueSource,
    CatalogueUnavailable,
)
from passport_scorer.tools.demo.catalogue import catalogue_url
from passport_scorer.tools.demo.world import WEIGHTS
from tests.support.captured_logs import capture_logs

Writer = asyncio.StreamWriter
Behaviour = Callable[[Writer], Awaitable[None]]


def document(*ids: str) -> bytes:
    """A catalogue of platforms with these ids, without stamps."""
    members = {"icon": "i.svg", "name": "", "description": "", "connectMessage": "", "groups": []}
    return json.dumps([{"id": one, **members} for one in ids]).encode()


def answering(body: bytes, status: str = "200 OK", *headers: str) -> Behaviour:
    """Answers with this."""

    async def answer(writer: Writer) -> None:
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body)

    return answer


async def silent(_writer: Writer) -> None:
    """Says nothing for a long time."""
    await asyncio.sleep(60)


async def dripping(writer: Writer) -> None:
    """Sends a byte now and then, so that no single wait is long."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[")
    while True:
        writer.write(b" ")
        await asyncio.sleep(0.01)


async def endless(writer: Writer) -> None:
    """Sends an oversized document."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n[")
    while not writer.is_closing():
        writer.write(b" " * 1_000_000)
        await writer.drain()


async def cut_off(writer: Writer) -> None:
    """Breaks off in the middle."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[")


class CatalogueServer:
    """A server on a free port with a scripted behavior, which records its requests."""

    def __init__(self) -> None:
        self.behavior = answering(document("Ens"))
        self.asked: list[str] = []
        self.is_asked = asyncio.Event()
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve for a while."""
        connections: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: Writer) -> None:
            task = asyncio.current_task()
            assert task is not None
            connections.add(task)
            try:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append(head.decode().split(" ")[1])
                self.is_asked.set()
                await self.behavior(writer)
                await writer.drain()
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for task in connections:
                task.cancel()
            await asyncio.gather(*connections, return_exceptions=True)


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


async def redirecting_to_a_file(writer: Writer) -> None:
    """Names a file of this machine."""
    location = f"Location: {catalogue_url()}/stampMetadata.json"
    await answering(b"", "302 Found", location)(writer)


@pytest.fixture
def clock() -> Clock:
    """The time that the source sees."""
    return Clock()


@pytest.fixture
async def server() -> AsyncIterator[CatalogueServer]:
    """A server that has a catalogue with Ens."""
    server = CatalogueServer()
    async with server.running():
        yield server


@pytest.fixture
def source(server: CatalogueServer, clock: Clock) -> CatalogueSource:
    """A source that fetches from the server, with a timeout that a busy machine keeps."""
    return CatalogueSource(f"http://127.0.0.1:{server.port}", clock, timeout=30)


@pytest.fixture
def hasty_source(server: CatalogueServer, clock: Clock) -> CatalogueSource:
    """The same, with a short timeout, for servers that never answer in full."""
    return CatalogueSource(f"http://127.0.0.1:{server.port}", clock, timeout=1)


async def ids(source: CatalogueSource) -> list[str]:
    """The platforms that callers get."""
    return [platform.id for platform in (await source.catalogue()).platforms]


BROKEN = {
    "error": answering(b"Oh no", "500 Internal Server Error"),
    "not found": answering(document("Ens"), "404 Not Found"),
    "garbage": answering(b"<html></html>"),
    "compressed unasked": answering(
        gzip.compress(document("Ens")), "200 OK", "Content-Encoding: gzip"
    ),
    "redirected to itself": answering(b"", "302 Found", "Location: stampMetadata.json"),
    "silent": silent,
    "dripping": dripping,
    "endless": endless,
    "cut off": cut_off,
    "too long": answering(b"[" + b" " * MAX_DOCUMENT_SIZE + b"]"),
}
broken = pytest.mark.parametrize("behavior", BROKEN.values(), ids=BROKEN)


@pytest.mark.parametrize("path", ["", "/", "/app", "/app/"])
async def test_where_the_document_is(server: CatalogueServer, clock: Clock, path: str) -> None:
    """It lies below the setting, whether that ends in a slash or not; so do icons."""
    base = f"http://127.0.0.1:{server.port}{path}"
    (platform,) = (await CatalogueSource(base, clock).catalogue()).platforms
    assert server.asked == [f"{path.rstrip('/')}/stampMetadata.json"]
    assert platform.icon == f"{base.rstrip('/')}/i.svg"


async def test_it_is_kept_for_an_hour(
    server: CatalogueServer, source: CatalogueSource, clock: Clock
) -> None:
    """It is fetched once, and again after an hour."""
    assert await ids(source) == ["Ens"]
    server.behavior = answering(document("Ens", "Google"))
    clock.seconds += CACHE_SECONDS - 1
    assert await ids(source) == ["Ens"]
    clock.seconds += 1
    assert await ids(source) == ["Ens", "Google"]
    assert len(server.asked) == 2


async def test_nothing_is_fetched_before_it_is_needed(
    server: CatalogueServer, source: CatalogueSource
) -> None:
    """Creating a source sends no request."""
    assert server.asked == []


@broken
async def test_never_any(
    server: CatalogueServer, hasty_source: CatalogueSource, behavior: Behaviour
) -> None:
    """Without any earlier one, callers get the sentence that clients know."""
    server.behavior = behavior
    with (
        capture_logs() as logs,
        pytest.raises(CatalogueUnavailable, match=r"^Error fetching external stamp metadata$"),
    ):
        await hasty_source.catalogue()
    assert [entry["event"] for entry in logs] == ["catalogue_not_fetched"]


@broken
async def test_a_stale_catalogue_is_served(
    server: CatalogueServer, hasty_source: CatalogueSource, clock: Clock, behavior: Behaviour
) -> None:
    """While a refresh fails, the last one is given; then the new one."""
    await hasty_source.catalogue()
    server.behavior = behavior
    clock.seconds += CACHE_SECONDS
    assert await ids(hasty_source) == ["Ens"]
    server.behavior = answering(document("Google"))
    clock.seconds += INITIAL_BACKOFF
    assert await ids(hasty_source) == ["Google"]


async def test_a_server_that_is_away_and_comes_back(clock: Clock) -> None:
    """A port without a listener is a failure like any other."""
    server = CatalogueServer()
    async with server.running():
        pass
    source = CatalogueSource(f"http://127.0.0.1:{server.port}", clock)
    with pytest.raises(CatalogueUnavailable):
        await source.catalogue()
    clock.seconds += INITIAL_BACKOFF
    async with server.running():
        assert await ids(source) == ["Ens"]


async def test_failures_are_followed_by_pauses(
    server: CatalogueServer, source: CatalogueSource, clock: Clock
) -> None:
    """A server that fails is asked less and less often, and at once again when it has recovered."""
    server.behavior = BROKEN["error"]
    start, asked_at = clock.seconds, []
    while clock.seconds < start + 300:
        before = len(server.asked)
        with pytest.raises(CatalogueUnavailable):
            await source.catalogue()
        if len(server.asked) > before:
            asked_at.append(clock.seconds - start)
        clock.seconds += 0.5
    assert asked_at == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]
    server.behavior = answering(document("Ens"))
    clock.seconds += MAX_BACKOFF
    assert await ids(source) == ["Ens"]


async def test_one_fetch_at_a_time(server: CatalogueServer, source: CatalogueSource) -> None:
    """Simultaneous requests wait for the same fetch."""
    together = await asyncio.gather(*(ids(source) for _ in range(20)))
    assert together == [["Ens"]] * 20
    assert len(server.asked) == 1


async def test_one_failure_for_all_waiting_requests(
    server: CatalogueServer, hasty_source: CatalogueSource
) -> None:
    """Simultaneous requests do not each retry in turn."""
    server.behavior = silent
    together = await asyncio.gather(
        *(hasty_source.catalogue() for _ in range(20)), return_exceptions=True
    )
    assert {type(error) for error in together} == {CatalogueUnavailable}
    assert len(server.asked) == 1


async def test_other_callers_do_not_wait_for_a_refresh(
    server: CatalogueServer, hasty_source: CatalogueSource, clock: Clock
) -> None:
    """While one caller fetches, the others get the stale one at once."""
    await hasty_source.catalogue()
    server.behavior = silent
    clock.seconds += CACHE_SECONDS
    server.is_asked.clear()
    first = asyncio.create_task(ids(hasty_source))
    await server.is_asked.wait()
    assert await ids(hasty_source) == ["Ens"]
    assert not first.done()
    assert await first == ["Ens"]


async def test_a_caller_who_gives_up(server: CatalogueServer, source: CatalogueSource) -> None:
    """After a request is canceled while fetching, the next one can fetch."""
    server.behavior = silent
    first = asyncio.create_task(source.catalogue())
    await server.is_asked.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    server.behavior = answering(document("Ens"))
    assert await ids(source) == ["Ens"]


async def test_no_place_is_configured(clock: Clock) -> None:
    """Without the setting, there is no catalogue."""
    with pytest.raises(CatalogueUnavailable):
        await CatalogueSource(None, clock).catalogue()


async def test_the_catalogue_of_the_demo_is_a_file(clock: Clock) -> None:
    """It lists every provider that the demo weighs, and reveals nothing about the machine."""
    catalogue = await CatalogueSource(catalogue_url(), clock).catalogue()
    assert catalogue.stamps.keys() == WEIGHTS.keys()
    assert all(platform.icon.startswith("https:") for platform in catalogue.platforms)


async def test_no_server_leads_to_a_file(server: CatalogueServer, clock: Clock) -> None:
    """A redirect to a file of this machine is not followed."""
    server.behavior = redirecting_to_a_file
    with pytest.raises(CatalogueUnavailable):
        await CatalogueSource(f"http://127.0.0.1:{server.port}", clock).catalogue()
    assert server.asked == ["/stampMetadata.json"]
