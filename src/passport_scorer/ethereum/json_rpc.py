"""Asks an Ethereum node to run something, over JSON-RPC. Source: Ethereum JSON-RPC (`eth_call`)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import httpx

_LONGEST_ANSWER = 64 * 1024  # bytes
# Nobody's: a wallet may treat the address that nodes assume by default (0) as a simulation.
_FROM = "0x" + "5c0e" * 10


class NodeFailed(Exception):
    """The node couldn't be asked, or refused; says why, without its URL."""


class CallFailed(NodeFailed):
    """The node answered with an error: what was called reverted, or is refused."""


class _Failure(msgspec.Struct, frozen=True):
    code: int


class _Answer(msgspec.Struct, frozen=True):
    result: str | None = None
    error: _Failure | None = None


class EthereumNode:
    """A node behind a URL, which may hold a key and is therefore never logged.

    Args:
        url: `http://` or `https://`.
        timeout: seconds to wait for each step of an exchange.
    """

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        self._url = url
        self._timeout = timeout
        self._opened: httpx.AsyncClient | None = None

    async def run(self, code: bytes, to: bytes | None = None) -> bytes:
        """Let the node run something on the newest block, and return what comes of it.

        Args:
            code: the call data; or, without `to`, code that is run as if it created a contract.
            to: the contract (20 bytes) to call.

        Raises:
            CallFailed: the answer is an error.
            NodeFailed: there is no answer, or one that can't be read.
        """
        call = {"from": _FROM, "data": "0x" + code.hex()}
        if to is not None:
            call["to"] = "0x" + to.hex()
        answer = await self._ask("eth_call", [call, "latest"])
        if answer.error is not None:
            raise CallFailed(f"error {answer.error.code}")
        try:
            return bytes.fromhex((answer.result or "").removeprefix("0x"))
        except ValueError:
            raise NodeFailed("no hexadecimal digits") from None

    async def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            await self._opened.aclose()

    async def _ask(self, method: str, parameters: list[Any]) -> _Answer:
        import httpx

        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        body = bytearray()
        try:
            async with self._client().stream(
                "POST", self._url, content=msgspec.json.encode(question)
            ) as response:
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _LONGEST_ANSWER:
                        raise NodeFailed("too long an answer")
            return msgspec.json.decode(bytes(body), type=_Answer)
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, UnicodeError) as error:
            raise NodeFailed(type(error).__name__) from None

    def _client(self) -> httpx.AsyncClient:
        if self._opened is None:
            import httpx

            for name in ("httpx", "httpcore"):  # they log URLs
                logging.getLogger(name).setLevel(logging.WARNING)
            headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
            self._opened = httpx.AsyncClient(timeout=self._timeout, headers=headers)
        return self._opened
