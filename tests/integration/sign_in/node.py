"""An Ethereum node: HTTP and JSON-RPC, in front of a small chain."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from .machine import World


class Node:
    """Answers `eth_call`; `fault` makes it answer something else.

    Attributes:
        world: its chain.
        calls: the parameters of each call that it received.
        fault: bytes to answer instead: the status line, the headers and the body.
        silent: True: never answers.
        key: the secret in its URL.
    """

    def __init__(self) -> None:
        self.world = World()
        self.calls: list[dict[str, str]] = []
        self.fault: bytes | None = None
        self.silent = False
        self.key = "node-key-hush-hush"
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://user:{self.key}@127.0.0.1:{self.port}/v3/{self.key}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
                assert head.startswith(f"POST /v3/{self.key} HTTP/1.1\r\n")
                length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
                question = json.loads(await reader.readexactly(length))
                if self.silent:
                    await asyncio.sleep(60)
                writer.write(self.fault or answer_bytes(self._answer(question)))
                await writer.drain()
                if self.fault:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        assert question["jsonrpc"] == "2.0"
        assert question["method"] == "eth_call"
        call, block = question["params"]
        assert block == "latest"
        self.calls.append(call)
        data = bytes.fromhex(call["data"][2:])
        if "to" in call:
            success, result = self.world.call(bytes.fromhex(call["to"][2:]), data)
        else:
            success, result = 1, self.world.create(data)
        if not success:
            error = {"code": 3, "message": "execution reverted", "data": "0x" + result.hex()}
            return {"jsonrpc": "2.0", "id": question["id"], "error": error}
        return {"jsonrpc": "2.0", "id": question["id"], "result": "0x" + result.hex()}


def answer_bytes(content: object, status: str = "200 OK") -> bytes:
    """An HTTP answer with a JSON body."""
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def running_node() -> AsyncIterator[Node]:
    """A node on a free port for a while."""
    node = Node()
    server = await asyncio.start_server(node.serve, "127.0.0.1", 0)
    node.port = server.sockets[0].getsockname()[1]
    try:
        yield node
    finally:
        server.close()
