"""The published vectors of Sign-In with Ethereum give the published results."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from passport_scorer.auth.jwt_access_tokens import AccessTokens, TokenKeys
from passport_scorer.auth.nonces import Nonces
from passport_scorer.auth.sign_in import SignIn
from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.ethereum.did import checksummed
from passport_scorer.ethereum.eip1271 import ChainWallets
from passport_scorer.ethereum.eip4361 import (
    SignInRefused,
    SiweMessage,
    check_message,
    possible_texts,
    signer_and_nonce,
)

FOLDER = Path(__file__).parent / "siwe"
WHEN = datetime(2022, 6, 1, tzinfo=UTC)  # the time of the vectors `parsing_…` and `message_…`
NOW = datetime(2026, 11, 26, tzinfo=UTC)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE_PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
# Why: siwe/README.md.
NOT_APPLIED = {"missing chainId (object)", "domain not RFC4501 authority", "version not 1"}
NAMES = {
    "URI": "uri",
    "Version": "version",
    "Chain ID": "chainId",
    "Nonce": "nonce",
    "Issued At": "issuedAt",
    "Expiration Time": "expirationTime",
    "Not Before": "notBefore",
    "Request ID": "requestId",
}
# The place of a grammar rule in a message.
PLACES = {
    "scheme": ("scheme", "{}"),
    "statement": ("statement", "{}"),
    "pct-encoded": ("requestId", "{}"),
    "userinfo": ("domain", "{}@service.org"),
    "IPvFuture": ("domain", "[{}]"),
    "reg-name": ("domain", "user@{}:80"),
    "segment-nz": ("requestId", "{}"),
    "fragment": ("uri", "x:#{}"),
}
GOOD = {
    "domain": "service.org",
    "address": "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
    "statement": "Hello",
    "uri": "https://service.org",
    "version": "1",
    "chainId": "1",
    "nonce": "32891757",
    "issuedAt": "2021-09-30T16:25:24Z",
    "requestId": "id",
}


def vectors(name: str) -> dict[str, Any]:
    """Return the vectors of a file."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    assert found
    return found


def texts_of(fields: dict[str, Any]) -> Iterator[str]:
    """Return the texts that can have been signed for these fields, or none if they are rejected."""
    message = msgspec.convert(fields, SiweMessage)
    try:
        address, _nonce = signer_and_nonce(message)
        own = checksummed(bytes.fromhex(address[2:]))
        check_message(message, own, {str(message.domain).lower()}, WHEN)
    except SignInRefused:
        return
    yield from possible_texts(message, own)


def is_message(fields: dict[str, Any]) -> bool:
    """Return whether fields make a valid message."""
    return any(texts_of(fields))


def fields_of(text: str) -> dict[str, Any]:
    """Return the fields that a client with this text would send; wrong ones stay wrong."""
    origin, address, *_ = text.split("\n")
    head, _, tail = text.partition("\nURI: ")
    named = re.findall(rf"^({'|'.join(NAMES)}): (.*)$", text, re.MULTILINE)
    listed = text.partition("\nResources:")[2].split("\nRequest ID")[0]
    return {
        "domain": origin.removesuffix(" wants you to sign in with your Ethereum account:"),
        "address": address,
        "statement": head.split("\n", 3)[3].strip("\n") if tail else None,
        **{NAMES[name]: value for name, value in named},
        "resources": listed.removeprefix("\n- ").split("\n- ") if listed else None,
    }


def test_texts_that_are_messages() -> None:
    """The fields of each text produce exactly this text."""
    for name, vector in vectors("parsing_positive").items():
        assert vector["message"] in texts_of(vector["fields"]), name
        assert vector["message"] in texts_of(fields_of(vector["message"])), name


@pytest.mark.parametrize("file", ["parsing_negative", "invalid_uris"])
def test_invalid_texts(file: str) -> None:
    """No accepted fields produce one of these texts."""
    wrong = {name for name, text in vectors(file).items() if text in texts_of(fields_of(text))}
    assert wrong == (NOT_APPLIED & set(vectors(file)))


def test_invalid_objects() -> None:
    """Fields that are not a valid message are rejected."""
    wrong = {
        f"{name} (object)"
        for name, fields in vectors("parsing_negative_objects").items()
        if is_message(fields)
    }
    assert wrong == {"missing chainId (object)"}


def test_objects() -> None:
    """Fields are accepted exactly if they have no errors."""
    for name, vector in vectors("message_objects").items():
        assert is_message(vector["msg"]) is (vector["error"] == "none"), name


@pytest.mark.parametrize("file", ["valid_chars", "invalid_chars"])
def test_alphabets(file: str) -> None:
    """Every rule accepts its characters, and no others."""
    for name, vector in vectors(file).items():
        field, place = PLACES[vector["rule"]]
        fields = {**GOOD, field: place.format(vector["input"])}
        assert is_message(fields) is vector["answer"], name


def test_fields_changed_at_random() -> None:
    """Each changed field gets the same result as its text in the library's parser."""
    judged = json.loads((FOLDER / "grammar.json").read_text("utf-8"))
    assert len(judged) == 455
    for field, value, is_good in judged:
        assert is_message({**GOOD, field: value}) is is_good, (field, value)


class Door:
    """Return a sign-in with the time, sites and nonces of a vector."""

    def __init__(self, database: Database, connection: asyncpg.Connection[Any]) -> None:
        self.database = database
        self.connection = connection

    async def lets_in(self, fields: dict[str, Any]) -> bool:
        """Return whether the signature of a vector gives a token."""
        now = datetime.fromisoformat(fields["time"]) if "time" in fields else NOW
        keys = TokenKeys(private_key=PRIVATE_PEM)
        sign_in = SignIn(
            Nonces(self.database, lambda: now),
            AccessTokens(keys, lambda: now),
            {fields.get("domainBinding", fields["domain"])},
            ChainWallets({}, None),
            lambda: now,
        )
        nonce = fields.get("matchNonce", fields["nonce"]).lower()
        await self.connection.execute("DELETE FROM account_nonce")
        await self.connection.execute(
            "INSERT INTO account_nonce (nonce, created_on, was_used) VALUES ($1, $2, false)",
            nonce,
            now,
        )
        try:
            await sign_in.access_token(msgspec.convert(fields, SiweMessage), fields["signature"])
        except SignInRefused:
            return False
        return True


@pytest.fixture
async def door(database_url: str) -> AsyncIterator[Door]:
    """Return a sign-in on a new database."""
    database = Database(DatabaseSettings(database_url))
    await database.open()
    connection = await asyncpg.connect(database.settings.url)
    yield Door(database, connection)
    await connection.close()
    await database.close()


@pytest.mark.parametrize("kind", ["verification", "validation"])
async def test_signatures(door: Door, kind: str) -> None:
    """Each signature is valid or invalid at its time, for its site and nonce, as published."""
    for name, fields in vectors(f"{kind}_positive").items():
        assert await door.lets_in(fields), name
    for name, fields in vectors(f"{kind}_negative").items():
        assert not await door.lets_in(fields), name


async def test_libraries(door: Door) -> None:
    """Fields as libraries hold them, signed as a text, give a token."""
    made = json.loads((FOLDER / "clients.json").read_text("utf-8"))
    assert len(made) > 90
    for vector in made:
        name = (vector["client"], vector["name"])
        assert vector["text"] in texts_of(vector["fields"]), name
        assert await door.lets_in({**vector["fields"], "signature": vector["signature"]}), name
