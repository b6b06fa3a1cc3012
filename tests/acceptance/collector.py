"""A trace collector that keeps all spans it receives over OTLP/HTTP."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

LATER_SECONDS = 15
_ACCEPTED = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"


def attributes_of(things: Any) -> dict[str, Any]:
    """Return the attributes of a span or a resource."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in things}


@dataclass
class Collector:
    """The collected spans."""

    port: int = 0
    paths: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The URL of the collector."""
        return f"http://127.0.0.1:{self.port}"

    def trace(self, trace_id: str) -> list[Span]:
        """Return the spans of a trace."""
        return [span for span in self.spans if span.trace_id.hex() == trace_id]

    async def eventually(self, has_come: Callable[[], bool]) -> None:
        """Wait until the span has arrived."""
        deadline = time.monotonic() + LATER_SECONDS
        while not has_come():
            assert time.monotonic() < deadline, [span.name for span in self.spans]
            await asyncio.sleep(0.02)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Handle the requests of one connection until it closes."""
        try:
            while await self._take(reader):
                writer.write(_ACCEPTED)
                await writer.drain()
        finally:
            writer.close()

    async def _take(self, reader: asyncio.StreamReader) -> bool:
        request_line = await reader.readline()
        if not request_line:
            return False
        headers = {}
        while (line := (await reader.readline()).strip()) != b"":
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers[b"content-length"]))
        if headers.get(b"content-encoding") == b"gzip":
            body = gzip.decompress(body)
        self.paths.append(request_line.split()[1].decode())
        self._keep(body)
        return True

    def _keep(self, body: bytes) -> None:
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.resources.append(attributes_of(resource.resource.attributes))
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """Run a collector until the end of the block."""
    collector = Collector()
    server = await asyncio.start_server(collector.serve, "127.0.0.1", 0)
    async with server:
        collector.port = server.sockets[0].getsockname()[1]
        yield collector
        server.close_clients() if hasattr(server, "close_clients") else None
