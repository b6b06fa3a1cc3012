"""Calls an Ethereum node. Source: JSON-RPC 2.0; Ethereum JSON-RPC API (`eth_call`); EIP-1474."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

from passport_scorer.ethereum.errors import CallFailed, NodeFailed

if TYPE_CHECKING:
    import httpx

_MAX_RESPONSE_SIZE = 64 * 1024  # bytes
# An unused address: a wallet can take the default sender of nodes (0) for a simulation.
_FROM = "0x" + "5c0e" * 10


class _Failure(msgspec.Struct, frozen=True):
    code: int


class _Response(msgspec.Struct, frozen=True):
    result: str | None = None
    error: _Failure | None = None


class EthereumNode:
    """A node at a URL, which can contain an access key and is therefore never logged.

    Args:
        url: `http://` or `https://`.
        timeout: seconds for each step of an HTTP exchange.
    """

    def __init__(self, url: str, *, timeout: float = 5.0) -> None:
        self._url = url
        self._timeout = timeout
        self._opened: httpx.AsyncClient | None = None

    async def run(self, code: bytes, to: bytes | None = None) -> bytes:
        """Execute a call on the latest block, and return its result.

        Args:
            code: the call data; without `to`: initialization code of a contract.
            to: the contract (20 bytes) to call.

        Raises:
            CallFailed: the node answers with an error.
            NodeFailed: the node does not answer, or with something unreadable.
        """
        call = {"from": _FROM, "data": "0x" + code.hex()}
        if to is not None:
            call["to"] = "0x" + to.hex()
        answer = await self._request("eth_call", [call, "latest"])
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

    async def _request(self, method: str, parameters: list[Any]) -> _Response:
        import httpx

        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        body = bytearray()
        try:
            async with self._client().stream(
                "POST", self._url, content=msgspec.json.encode(question)
            ) as response:
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _MAX_RESPONSE_SIZE:
                        raise NodeFailed("answer too long")
            return msgspec.json.decode(bytes(body), type=_Response)
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
