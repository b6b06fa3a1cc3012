"""From a signed message to an access token, on a real database."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from eth_account import Account
from eth_account.messages import encode_defunct

from passport_scorer.auth.jwt_access_tokens import AccessTokens, TokenKeys
from passport_scorer.auth.nonces import Nonces
from passport_scorer.auth.sign_in import SignIn
from passport_scorer.db.database import Database
from passport_scorer.ethereum.eip191 import signed_message_digest
from passport_scorer.ethereum.eip1271 import ChainWallets, ContractWallets
from passport_scorer.ethereum.eip4361 import SignInRefused, SiweMessage, message_text
from passport_scorer.ethereum.json_rpc import EthereumNode
from tests.support.captured_logs import capture_logs

from .machine import Reverted
from .node import Node, running_node
from .wallets import VALID, wallet

OWNER = Account.from_key("0x" + "17" * 32)
OTHER = Account.from_key("0x" + "18" * 32)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEYS = TokenKeys(
    KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
    KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
NOT_SIWE: list[dict[str, object]] = [
    {"version": "2"},
    {"version": ""},
    {"uri": "not a uri"},
    {"uri": ""},
    {"issued_at": "yesterday"},
    {"issued_at": "2026-02-30T12:00:00Z"},
    {"issued_at": "2026-02-03T25:00:00Z"},
    {"expiration_time": "2099-02-30T12:00:00Z"},
    {"request_id": "a b"},
    {"statement": "ünïcode"},
    {"resources": ["https://app.example", "a b"]},
    {"address": OWNER.address.replace("e", "E", 1)},
]
EMPTY: dict[str, object] = {
    "statement": "",
    "request_id": "",
    "expiration_time": "",
    "not_before": "",
    "resources": [],
}


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


class Door:
    """The sign-in, and what is around it."""

    def __init__(self, database: Database, node: Node) -> None:
        self.clock = Clock()
        self.database = database
        self.nonces = Nonces(database, self.clock)
        self.tokens = AccessTokens(KEYS, self.clock)
        self.wallets = ContractWallets(EthereumNode(node.url))
        self.sign_in = self.made()

    def made(self, keys: TokenKeys = KEYS, *, wallets: bool = True) -> SignIn:
        """A sign-in with other keys, or without a node."""
        return SignIn(
            self.nonces,
            AccessTokens(keys, self.clock),
            {"app.example"},
            ChainWallets({}, self.wallets if wallets else None),
            self.clock,
        )

    def with_wallets(self, wallets: ChainWallets) -> SignIn:
        """A sign-in that asks others."""
        return SignIn(
            self.nonces, AccessTokens(KEYS, self.clock), {"app.example"}, wallets, self.clock
        )

    async def enter(self, message: SiweMessage, signature: str) -> str:
        """Sign in, and return the address of the token, or the error."""
        try:
            token = await self.sign_in.access_token(message, signature)
        except SignInRefused as error:
            return error.message
        return self.tokens.address_of(token)

    async def was_used(self, nonce: str) -> Any:
        """Return the row of a nonce."""
        connection = await asyncpg.connect(self.database.settings.url)
        try:
            return await connection.fetchval(
                "SELECT was_used FROM account_nonce WHERE nonce = $1", nonce
            )
        finally:
            await connection.close()

    async def store(self, nonce: str, expires_on: datetime | None) -> None:
        """Add a nonce as another deployment would."""
        connection = await asyncpg.connect(self.database.settings.url)
        try:
            await connection.execute(
                "INSERT INTO account_nonce (nonce, created_on, was_used, expires_on)"
                " VALUES ($1, $2, false, $3)",
                nonce,
                START,
                expires_on,
            )
        finally:
            await connection.close()


@pytest.fixture
async def door(database: Database, node: Node) -> AsyncIterator[Door]:
    """A sign-in for one site, on a fresh database."""
    door = Door(database, node)
    yield door
    await door.wallets.close()


def message(nonce: str, **fields: object) -> SiweMessage:
    """A message of the owner."""
    usual = SiweMessage(
        domain="app.example",
        address=OWNER.address,
        statement="Sign in, please!",
        uri="https://app.example",
        version="1",
        chain_id=1,
        nonce=nonce,
        issued_at="2026-03-01T12:00:00.000Z",
    )
    return msgspec.structs.replace(usual, **fields)


def signed(message: SiweMessage, account: Any = OWNER) -> str:
    """The signature of an account."""
    return signed_text(message_text(message, OWNER.address), account)


def signed_text(text: str, account: Any = OWNER) -> str:
    """The signature of an account over a text."""
    signature: bytes = account.sign_message(encode_defunct(text=text)).signature
    return "0x" + bytes(signature).hex()


async def test_signing_in(door: Door) -> None:
    """An owner who signs a message with a fresh nonce gets a token, once."""
    nonce = await door.nonces.create()
    assert len(nonce) == 60
    assert await door.was_used(nonce) is False
    request = message(nonce)
    assert await door.enter(request, signed(request)) == OWNER.address.lower()
    assert await door.was_used(nonce) is True
    assert await door.enter(request, signed(request)) == "Invalid nonce!"


@pytest.mark.parametrize("recovery", ["1b", "1c", "00", "01"])
async def test_recovery_ids(door: Door, recovery: str) -> None:
    """A signature may end in 0 or 1 instead of 27 or 28; one of the two is right."""
    request = message(await door.nonces.create())
    signature = signed(request)
    is_right = int(recovery, 16) % 27 == int(signature[-2:], 16) % 27
    expected = OWNER.address.lower() if is_right else "Invalid signature!"
    assert await door.enter(request, signature[:-2] + recovery) == expected


@pytest.mark.parametrize("write", [str.lower, str, lambda text: "0x" + text[2:].upper()])
async def test_the_address_in_any_letter_case(door: Door, write: Any) -> None:
    """The signed text has the checksummed address, however the field is written."""
    request = message(await door.nonces.create(), address=write(OWNER.address))
    assert await door.enter(request, signed(request)) == OWNER.address.lower()


def forms(signature: str) -> dict[str, str]:
    """Return the other spellings that wallets use for a signature."""
    digits = signature[2:]
    parity = int(digits[128:], 16) - 27
    s = int(digits[64:128], 16)
    return {
        "without 0x": digits,
        "0X": "0X" + digits,
        "upper case": "0x" + digits.upper(),
        "v from 0": f"0x{digits[:128]}{parity:02x}",
        "v of chain 1": f"0x{digits[:128]}{37 + parity:02x}",
        "v of chain 100": f"0x{digits[:128]}{100 * 2 + 35 + parity:02x}",
        "high s": f"0x{digits[:64]}{ORDER - s:064x}{28 - parity:02x}",
        "high s, v from 0": f"0x{digits[:64]}{ORDER - s:064x}{1 - parity:02x}",
    }


@pytest.mark.parametrize("form", forms("0x" + "00" * 65))
async def test_any_form_of_a_signature(door: Door, node: Node, form: str) -> None:
    """The nonce makes a signature single-use, so its spelling doesn't matter."""
    for number in range(4):  # some have v = 27, some 28
        request = message(await door.nonces.create(), request_id=str(number))
        signature = forms(signed(request))[form]
        assert await door.enter(request, signature) == OWNER.address.lower()
        assert await door.enter(request, signature) == "Invalid nonce!"
    assert node.calls == []


@pytest.mark.parametrize("sent", [EMPTY, dict.fromkeys(EMPTY)], ids=["empty", "null"])
async def test_empty_fields_with_and_without_their_line(
    door: Door, sent: dict[str, object]
) -> None:
    """Absent, null and empty mean the same; the text may have any of the lines, or none."""
    for lines in itertools.product([False, True], repeat=len(EMPTY)):
        request = message(await door.nonces.create(), **sent)
        fields = {
            name: EMPTY[name] if line else None for name, line in zip(EMPTY, lines, strict=True)
        }
        made = msgspec.structs.replace(request, **fields)
        assert await door.enter(request, signed(made)) == OWNER.address.lower()


async def test_a_line_that_is_not_empty_is_not_left_out(door: Door) -> None:
    """A field that says something must stand in the text."""
    for name, value in (
        ("statement", "Hello"),
        ("request_id", "id"),
        ("resources", ["https://app.example"]),
        ("expiration_time", "2099-01-01T00:00:00Z"),
        ("not_before", "2020-01-01T00:00:00Z"),
    ):
        request = message(await door.nonces.create(), **{"statement": None, name: value})
        without = msgspec.structs.replace(request, **{name: None})
        assert await door.enter(request, signed(without)) == "Invalid signature!"


async def test_a_message_without_a_chain(door: Door) -> None:
    """A missing chain is chain 1."""
    for missing in (None, ""):
        request = message(await door.nonces.create(), chain_id=missing)
        with_chain = msgspec.structs.replace(request, chain_id=1)
        assert await door.enter(request, signed(with_chain)) == OWNER.address.lower()


async def test_the_site_in_any_letter_case(door: Door) -> None:
    """Hosts are compared without case, and signed as they were written."""
    request = message(await door.nonces.create(), domain="App.EXAMPLE")
    assert await door.enter(request, signed(request)) == OWNER.address.lower()


async def test_the_log_says_what_was_refused(door: Door) -> None:
    """Operators learn which field was at fault, and neither nonce nor signature."""
    nonce = await door.nonces.create()
    requests = [
        message(nonce, uri="no uri"),
        message(nonce, domain="evil.example"),
        message(nonce, address="hush-hush"),
        message(nonce, expiration_time="2026-01-01T00:00:00Z"),
        message("hushhush"),
        message(nonce),
        message(nonce),
    ]
    signature = signed(message(nonce), OTHER)
    with capture_logs() as logs:
        for request in requests:
            await door.enter(request, signature)
    refused = [entry for entry in logs if entry["event"] == "sign_in_rejected"]
    assert [(entry["address"], entry["reason"]) for entry in refused] == [
        (OWNER.address, "uri is malformed"),
        (OWNER.address, "domain is not in SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE"),
        (None, "address is malformed"),
        (OWNER.address, "expirationTime is past"),
        (OWNER.address, "nonce is unknown, used or expired"),
        (OWNER.address, "signature is of another key, and the node did not confirm it"),
        (OWNER.address, "nonce is unknown, used or expired"),
    ]
    for secret in (nonce, signature[2:], "hush"):
        assert secret not in str(logs)


async def test_the_nonce_in_upper_case(door: Door) -> None:
    """The nonce is compared in lower case, but signed as it was written."""
    nonce = await door.nonces.create()
    request = message(nonce.upper())
    assert await door.enter(request, signed(request)) == OWNER.address.lower()
    assert await door.enter(message(nonce), signed(message(nonce))) == "Invalid nonce!"


async def test_a_nonce_ends_after_five_minutes(door: Door) -> None:
    """A nonce is good until just before its end."""
    first, second = await door.nonces.create(), await door.nonces.create()
    door.clock.now = START + timedelta(minutes=5)
    assert await door.enter(message(first), signed(message(first))) == "Invalid nonce!"
    assert await door.was_used(first) is False
    door.clock.now -= timedelta(microseconds=1)
    assert await door.enter(message(second), signed(message(second))) == OWNER.address.lower()


async def test_a_nonce_without_an_end(door: Door) -> None:
    """A nonce whose end is null never ends, and is used once all the same."""
    await door.store("ab" * 30, None)
    door.clock.now = START + timedelta(days=3650)
    request = message("ab" * 30)
    assert await door.enter(request, signed(request)) == OWNER.address.lower()
    assert await door.enter(request, signed(request)) == "Invalid nonce!"


@pytest.mark.parametrize("nonce", ["00" * 30, "x" * 5000, "DROPTABLEaccountnonce"])
async def test_an_unknown_nonce(door: Door, nonce: str) -> None:
    """A nonce that was never issued is rejected."""
    assert await door.enter(message(nonce), signed(message(nonce))) == "Invalid nonce!"


@pytest.mark.parametrize(
    "fields",
    [
        {"domain": "evil.example"},
        {"expiration_time": "2026-03-01T12:00:00Z"},
        {"not_before": "2026-03-01T12:00:01Z"},
        {"issued_at": None},
        *NOT_SIWE,
    ],
    ids=repr,
)
async def test_a_refused_message_leaves_the_nonce_unused(
    door: Door, fields: dict[str, object]
) -> None:
    """A message for another site, or at another time, is refused before the nonce is used."""
    nonce = await door.nonces.create()
    request = message(nonce, **fields)
    assert await door.enter(request, signed(request)) == "Verification failed!"
    assert await door.was_used(nonce) is False
    assert await door.enter(message(nonce), signed(message(nonce))) == OWNER.address.lower()


@pytest.mark.parametrize(
    "forge",
    [
        lambda request: signed(request, OTHER),
        lambda request: signed(msgspec.structs.replace(request, statement="Something else")),
        lambda request: signed(msgspec.structs.replace(request, chain_id=10)),
        lambda request: signed(request)[:-2],
        lambda request: signed(request) + "00",
        lambda request: signed(request)[:-1],
        lambda request: signed(request)[:-2] + "1d",
        lambda request: "0x" + "00" * 65,
        lambda request: "0x" + "ff" * 65,
        lambda request: "",
        lambda request: "0x",
        lambda request: "0x0",
        lambda request: "é" * 132,
    ],
    ids=range(13),
)
async def test_a_wrong_signature_uses_the_nonce_up(door: Door, forge: Any) -> None:
    """A wrong signature is refused, and can't be tried again with the same nonce."""
    request = message(await door.nonces.create())
    assert await door.enter(request, forge(request)) == "Invalid signature!"
    assert await door.enter(request, signed(request)) == "Invalid nonce!"


async def test_a_nonce_is_used_once_under_any_concurrency(door: Door) -> None:
    """Of 50 sign-ins at once with one nonce exactly one succeeds."""
    request = message(await door.nonces.create())
    signature = signed(request)
    results = await asyncio.gather(*(door.enter(request, signature) for _ in range(50)))
    assert sorted(results) == sorted([OWNER.address.lower(), *["Invalid nonce!"] * 49])


async def test_no_sign_in_without_a_signing_key(door: Door) -> None:
    """Where no tokens can be issued a sign-in is refused, and the nonce stays unused."""
    nonce = await door.nonces.create()
    door.sign_in = door.made(TokenKeys(KEYS.public_key, None, "secret" * 10))
    assert await door.enter(message(nonce), signed(message(nonce))) == "Verification failed!"
    assert await door.was_used(nonce) is False


async def test_a_contract_wallet_signs_in(door: Door, node: Node) -> None:
    """A contract wallet signs in with whatever it accepts as its signature, if there is a node."""
    node.world.contracts[bytes.fromhex(OWNER.address[2:])] = wallet(b"good")
    good, evil = "0x" + b"good".hex(), "0x" + b"evil".hex()
    request = message(await door.nonces.create())
    assert await door.enter(request, good) == OWNER.address.lower()
    assert await door.enter(message(await door.nonces.create()), evil) == "Invalid signature!"
    door.sign_in = door.made(wallets=False)
    assert await door.enter(message(await door.nonces.create()), good) == "Invalid signature!"


@pytest.mark.parametrize("chain_id", [10, "8453", 42161])
async def test_a_chain_without_a_node_of_its_own(door: Door, node: Node, chain_id: Any) -> None:
    """The node of chain 1 serves every chain without a node of its own."""
    node.world.contracts[bytes.fromhex(OWNER.address[2:])] = wallet(b"good")
    request = message(await door.nonces.create(), chain_id=chain_id)
    assert await door.enter(request, "0x" + b"good".hex()) == OWNER.address.lower()


async def test_a_chain_with_a_node_of_its_own(door: Door, node: Node) -> None:
    """Only the node of the message's chain is asked; a dead one does not disturb the other."""
    async with running_node() as base:
        base.world.contracts[bytes.fromhex(OWNER.address[2:])] = wallet(b"good")
        dead = ContractWallets(EthereumNode("http://127.0.0.1:1"))
        own = {8453: ContractWallets(EthereumNode(base.url)), 10: dead}
        door.sign_in = door.with_wallets(ChainWallets(own, door.wallets))
        for chain_id, expected in (
            (8453, OWNER.address.lower()),
            (10, "Invalid signature!"),
            (1, "Invalid signature!"),
        ):
            request = message(await door.nonces.create(), chain_id=chain_id)
            assert await door.enter(request, "0x" + b"good".hex()) == expected
        assert (len(base.calls), len(node.calls)) == (1, 2)
        await door.sign_in.close()


async def test_only_another_chain_has_a_node(door: Door, node: Node) -> None:
    """Where the message's chain has no node, and there is no other, nothing is asked."""
    node.world.contracts[bytes.fromhex(OWNER.address[2:])] = wallet(b"good")
    door.sign_in = door.with_wallets(ChainWallets({8453: door.wallets}, None))
    request = message(await door.nonces.create())
    assert await door.enter(request, "0x" + b"good".hex()) == "Invalid signature!"
    assert node.calls == []


@pytest.mark.parametrize("signature", ["0x", "", "0X"])
async def test_a_safe_that_signed_on_chain(door: Door, node: Node, signature: str) -> None:
    """An empty signature asks the wallet for one that it keeps itself."""
    node.world.contracts[bytes.fromhex(OWNER.address[2:])] = wallet(b"")
    request = message(await door.nonces.create())
    assert await door.enter(request, signature) == OWNER.address.lower()
    other = message(await door.nonces.create(), address=OTHER.address)
    assert await door.enter(other, signature) == "Invalid signature!"


async def test_a_wallet_is_asked_about_few_texts(door: Door, node: Node) -> None:
    """A wallet that reverts where others say no is asked about the likeliest texts, and no more."""
    asked: list[bytes] = []
    signed_digests: list[bytes] = []

    def answer(data: bytes) -> bytes:
        asked.append(data[4:36])
        if data[4:36] not in signed_digests:
            raise Reverted
        return VALID

    node.world.contracts[bytes.fromhex(OWNER.address[2:])] = answer
    request = message(await door.nonces.create(), statement="", resources=[])
    assert await door.enter(request, "0x") == "Invalid signature!"
    texts = [
        message_text(
            msgspec.structs.replace(request, statement=statement, resources=resources),
            OWNER.address,
        )
        for statement, resources in itertools.product((None, ""), (None, ()))
    ]
    assert sorted(asked) == sorted(map(signed_message_digest, texts))
    for text in texts:
        again = msgspec.structs.replace(request, nonce=await door.nonces.create())
        signed_digests[:] = [
            signed_message_digest(text.replace(str(request.nonce), str(again.nonce)))
        ]
        assert await door.enter(again, "0x") == OWNER.address.lower()


async def test_the_node_is_not_asked_about_keys(door: Door, node: Node) -> None:
    """A signature that a key has made needs no node."""
    request = message(await door.nonces.create())
    assert await door.enter(request, signed(request)) == OWNER.address.lower()
    assert node.calls == []
