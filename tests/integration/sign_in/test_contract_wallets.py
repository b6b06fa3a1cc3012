"""Contract wallets sign as EIP-1271 and EIP-6492 say; an unclear answer does not count."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest

from passport_scorer.ethereum.eip1271 import ContractWallets
from passport_scorer.ethereum.eip6492 import VALID, deploy_and_ask, unwrap
from passport_scorer.ethereum.json_rpc import EthereumNode
from tests.support.captured_logs import capture_logs

from .machine import World
from .node import Node, answer_bytes
from .wallets import FACTORY, MAGIC, factory, reverting, wallet, wrapped

WALLET = b"\x0a" * 20
DIGEST = b"\xd1" * 32


@pytest.fixture
async def wallets(node: Node) -> AsyncIterator[ContractWallets]:
    """Return the verifier that asks the node."""
    wallets = ContractWallets(EthereumNode(node.url))
    yield wallets
    await wallets.close()


@pytest.mark.parametrize("signature", [b"", b"s", b"s" * 32, b"s" * 65, b"s" * 5000])
async def test_a_deployed_wallet(wallets: ContractWallets, node: Node, signature: bytes) -> None:
    """A deployed wallet says which signature is its own, of any length."""
    node.world.contracts[WALLET] = wallet(signature)
    assert await wallets.has_signed(WALLET, [DIGEST], signature)
    assert not await wallets.has_signed(WALLET, [DIGEST], signature + b"x")
    assert not await wallets.has_signed(b"\x0b" * 20, [DIGEST], signature)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        VALID[:4],
        VALID[:31],
        VALID + bytes(32),
        b"\x01".rjust(32, b"\0"),
        VALID[:4] + DIGEST[:28],
        bytes(28) + VALID[:4],
    ],
)
async def test_other_answers(wallets: ContractWallets, node: Node, answer: bytes) -> None:
    """Only the one word is a yes."""
    node.world.contracts[WALLET] = lambda _data: answer
    assert not await wallets.has_signed(WALLET, [DIGEST], b"signature")
    assert not await wallets.has_signed(WALLET, [DIGEST], wrapped(b"signature"))


async def test_a_contract_that_returns_what_it_gets(wallets: ContractWallets, node: Node) -> None:
    """The contract that copies (0x…04), and so returns the word's beginning, owns nothing."""
    copies = bytes(19) + b"\x04"
    node.world.contracts[copies] = lambda data: data
    for signature in (b"", b"s" * 65, wrapped(b""), wrapped(b"s")):
        assert not await wallets.has_signed(copies, [DIGEST], signature)


async def test_a_wallet_that_reverts(wallets: ContractWallets, node: Node) -> None:
    """A call that fails does not count as yes, whatever it returns."""
    node.world.contracts[WALLET] = reverting
    assert not await wallets.has_signed(WALLET, [DIGEST], b"signature")
    assert not await wallets.has_signed(WALLET, [DIGEST], wrapped(b"signature"))


async def test_a_wallet_that_is_not_deployed(wallets: ContractWallets, node: Node) -> None:
    """A wrapped signature counts for the wallet that its factory deploys; no deployment remains."""
    node.world.contracts[FACTORY] = factory(node.world, WALLET, wallet(b"good"))
    assert await wallets.has_signed(WALLET, [DIGEST], wrapped(b"good"))
    assert not await wallets.has_signed(WALLET, [DIGEST], wrapped(b"evil"))
    assert not await wallets.has_signed(WALLET, [DIGEST], wrapped(b"good", call=b"nothing"))
    assert not await wallets.has_signed(b"\x0b" * 20, [DIGEST], wrapped(b"good"))
    assert not await wallets.has_signed(WALLET, [DIGEST], b"good")
    assert WALLET not in node.world.contracts


async def test_a_wallet_that_was_deployed_meanwhile(wallets: ContractWallets, node: Node) -> None:
    """A wrapped signature still counts when the wallet exists and the factory fails."""
    node.world.contracts[FACTORY] = reverting
    node.world.contracts[WALLET] = wallet(b"good")
    assert await wallets.has_signed(WALLET, [DIGEST], wrapped(b"good"))
    assert not await wallets.has_signed(WALLET, [DIGEST], wrapped(b"evil"))


async def test_a_wallet_that_is_not_ready(wallets: ContractWallets, node: Node) -> None:
    """A wallet that must be made ready first is, before it is asked again."""

    def make_ready(_data: bytes) -> bytes:
        node.world.contracts[WALLET] = wallet(b"good")
        return b""

    node.world.contracts[WALLET] = reverting
    node.world.contracts[FACTORY] = make_ready
    assert await wallets.has_signed(WALLET, [DIGEST], wrapped(b"good"))
    assert not await wallets.has_signed(WALLET, [DIGEST], wrapped(b"evil"))


@pytest.mark.parametrize(
    "signature",
    [
        MAGIC,
        bytes(31) + MAGIC,
        bytes(96) + MAGIC,
        b"\xff" * 96 + MAGIC,
        wrapped(b"good")[1:],
        wrapped(b"good")[32:],
        b"s" * 16_385,
    ],
)
async def test_wrapped_signatures_that_cannot_be_read(
    wallets: ContractWallets, node: Node, signature: bytes
) -> None:
    """A signature that wrongly claims to be wrapped is refused, and so is one far too long."""
    node.world.contracts[FACTORY] = factory(node.world, WALLET, wallet(b"good"))
    assert not await wallets.has_signed(WALLET, [DIGEST], signature)


async def test_who_calls(wallets: ContractWallets, node: Node) -> None:
    """Calls come from an unused address, not from the one that marks a simulation."""
    await wallets.has_signed(WALLET, [DIGEST], wrapped(b"good"))
    assert [("to" in call) for call in node.calls] == [True, False]
    assert {call["from"] for call in node.calls} == {"0x" + "5c0e" * 10}


@pytest.mark.parametrize(
    "fault",
    [
        answer_bytes({"jsonrpc": "2.0", "id": 1}),
        answer_bytes({"jsonrpc": "2.0", "id": 1, "result": None}),
        answer_bytes({"jsonrpc": "2.0", "id": 1, "result": "0xxyz"}),
        answer_bytes({"jsonrpc": "2.0", "id": 1, "result": 5}),
        answer_bytes(
            {"result": "0x" + VALID.hex(), "error": {"code": -32000, "message": "x"}, "id": 1}
        ),
        answer_bytes([]),
        answer_bytes("x" * 100_000),
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\xff\xfe\xfd\xfc\xfb",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 4\r\n\r\nslow",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"nonsense\r\n\r\n",
    ],
    ids=range(12),
)
async def test_a_node_that_fails(wallets: ContractWallets, node: Node, fault: bytes) -> None:
    """No answer of a broken node counts as yes, and its URL isn't logged."""
    node.world.contracts[WALLET] = wallet(b"good")
    node.fault = fault
    with capture_logs() as logs:
        assert not await wallets.has_signed(WALLET, [DIGEST], b"good")
        assert not await wallets.has_signed(WALLET, [DIGEST], wrapped(b"good"))
    assert node.key not in str(logs)


async def test_a_node_that_is_away(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    """Where there is no node the answer is no, and neither log holds its URL."""
    caplog.set_level(logging.DEBUG)
    wallets = ContractWallets(EthereumNode(f"http://127.0.0.1:1/{node.key}"))
    with capture_logs() as logs:
        assert not await wallets.has_signed(WALLET, [DIGEST], b"good")
    await wallets.close()
    assert [entry["event"] for entry in logs] == ["wallet_not_asked"]
    assert node.key not in str(logs) + caplog.text


async def test_a_node_that_works_is_not_logged_either(
    wallets: ContractWallets, node: Node, caplog: pytest.LogCaptureFixture
) -> None:
    """A successful call does not log the URL at any level."""
    caplog.set_level(logging.DEBUG)
    node.world.contracts[WALLET] = wallet(b"good")
    assert await wallets.has_signed(WALLET, [DIGEST], b"good")
    assert node.key not in caplog.text


async def test_a_silent_node(node: Node) -> None:
    """A node that doesn't answer is waited for only so long."""
    node.silent = True
    wallets = ContractWallets(EthereumNode(node.url), timeout=0.2)
    assert not await wallets.has_signed(WALLET, [DIGEST], b"good")
    await wallets.close()


def test_what_the_code_returns() -> None:
    """The code that is run without a contract returns one byte: 1 or 0."""
    world = World()
    world.contracts[FACTORY] = factory(world, WALLET, wallet(b"good"))
    for signature, said in ((b"good", b"\x01"), (b"evil", b"\0")):
        unwrapped = unwrap(wrapped(signature))
        assert unwrapped
        assert world.create(deploy_and_ask(unwrapped, WALLET, DIGEST)) == said
