"""Sign-In with Ethereum: the text that an owner signs, and whether a message is valid.

A message arrives as fields; the signature covers the text made of them. That text must match the
grammar of EIP-4361 and have a single meaning: with a line feed in a field, a message for one site,
or one that expires, could be read as another; and wallets warn about a foreign site only if they
recognize the text. So each field is checked against the grammar.

Source: EIP-4361 ("ABNF Message Format"); docs/rules/authentication.md, "Sign-in".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from itertools import product
from typing import Annotated, Any

import msgspec

from passport_scorer.domain.addresses import is_address
from passport_scorer.domain.bounded_types import Bigint, Field
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.ethereum.errors import NoSuchTime
from passport_scorer.ethereum.rfc3339 import seconds_at, seconds_of
from passport_scorer.ethereum.rfc3986 import is_authority, is_pchars, is_scheme, is_uri

MAX_RESOURCES = 100
DEFAULT_CHAIN_ID = 1

_STATEMENT = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;= ]+")
_NONCE = re.compile(r"[A-Za-z0-9]{8,}")
_CHAIN_ID = re.compile(r"[0-9]{1,78}")  # up to 256 bits
# The empty values of optional fields, for libraries that write their lines anyway.
_EMPTY: dict[str, Any] = {
    "statement": "",
    "resources": (),
    "request_id": "",
    "expiration_time": "",
    "not_before": "",
}


class SignInRefused(PassportScorerError):
    """Verification failed!"""

    code = "sign_in_rejected"

    def __init__(self, message: str | None = None, *, reason: str) -> None:
        """`reason` is for the log; it contains nothing that the caller sent."""
        super().__init__(message)
        self.reason = reason


class SiweMessage(msgspec.Struct, frozen=True, rename="camel"):
    """The fields of an EIP-4361 message. Absent, null and empty optional fields mean the same.

    Attributes:
        domain: the host of the site that requests the signature, with its port if it has one.
        address: the address that signs: `0x` and 40 hexadecimal digits; mixed case must be a
            valid EIP-55 checksum.
        uri: the resource that the session is for.
        version: the version of the message: `1`.
        chain_id: the chain that the session is bound to, a number or its digits; default 1.
        nonce: the nonce from `GET /account/nonce`; it works once.
        issued_at: when the message was created (RFC 3339).
        statement: a statement that the owner sees and signs.
        expiration_time: when the message expires (RFC 3339).
        not_before: when the message becomes valid (RFC 3339).
        request_id: an identifier of the sign-in request.
        resources: URIs that the owner wants resolved.
        scheme: the URI scheme of the site: `https`.
    """

    domain: Field | None = None
    address: Field | None = None
    uri: Field | None = None
    version: Field | None = None
    chain_id: Bigint | Field | None = None
    nonce: Field | None = None
    issued_at: Field | None = None
    statement: Field | None = None
    expiration_time: Field | None = None
    not_before: Field | None = None
    request_id: Field | None = None
    resources: Annotated[Sequence[Field], msgspec.Meta(max_length=MAX_RESOURCES)] | None = None
    scheme: Field | None = None


def signer_and_nonce(message: SiweMessage) -> tuple[str, str]:
    """Return the address and the nonce of a message, both in lower case.

    Raises:
        SignInRefused: one of them is missing, or the address is malformed.
    """
    if not message.address or not message.nonce:
        reason = "nonce is missing" if message.address else "address is missing"
        raise SignInRefused("Missing address or nonce!", reason=reason)
    if not is_address(message.address):
        raise SignInRefused("Invalid address format!", reason="address is malformed")
    return message.address.lower(), message.nonce.lower()


def check_message(
    message: SiweMessage, checksummed: str, domains: Collection[str], now: datetime
) -> None:
    """Check that a message conforms to EIP-4361, is for one of our sites, and is valid now.

    Args:
        message: a message with an address and a nonce.
        checksummed: its address with the EIP-55 checksum.
        domains: the sites for which owners may sign in, in lower case.
        now: the time (aware).

    Raises:
        SignInRefused: a field violates the grammar, or the message is for another site, has
            expired or is not valid yet.
    """
    malformed = next(_malformed_fields(message, checksummed), None)
    if malformed is not None:
        raise SignInRefused(reason=f"{malformed} is malformed")
    if str(message.domain).lower() not in domains:
        raise SignInRefused(reason="domain is not in SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE")
    time = seconds_at(now)
    if message.expiration_time and time >= seconds_of(message.expiration_time):
        raise SignInRefused(reason="expirationTime is past")
    if message.not_before and time < seconds_of(message.not_before):
        raise SignInRefused(reason="notBefore is in the future")


def possible_texts(message: SiweMessage, checksummed: str) -> Iterator[str]:
    """Yield the texts that the owner may have signed: up to 32.

    Libraries differ in whether they write a line for an empty optional field.

    Args:
        message: a message that passed `check_message`.
        checksummed: its address with the EIP-55 checksum, as the text must have it.
    """
    return _texts(message, checksummed, _EMPTY)


def likely_texts(message: SiweMessage, checksummed: str) -> Iterator[str]:
    """Yield the possible texts that common libraries write: up to 4.

    siwe 3 writes a line for an empty statement, and all libraries write one for an empty list.
    """
    return _texts(message, checksummed, ("statement", "resources"))


def message_text(message: SiweMessage, checksummed: str) -> str:
    """Return the text of a message; an optional field without a value has no line.

    Args:
        message: a message that passed `check_message`.
        checksummed: its address with the EIP-55 checksum, as the text must have it.
    """
    origin = f"{message.scheme}://{message.domain}" if message.scheme else message.domain
    lines = [
        f"{origin} wants you to sign in with your Ethereum account:",
        checksummed,
        "",
        *([] if message.statement is None else [message.statement]),
        "",
        f"URI: {message.uri}",
        f"Version: {message.version}",
        f"Chain ID: {_chain_id(message)}",
        f"Nonce: {message.nonce}",
        f"Issued At: {message.issued_at}",
        *_optional_lines(message),
    ]
    return "\n".join(lines)


def chain_id_of(message: SiweMessage) -> int:
    """Return the chain that the session of a checked message is bound to."""
    return int(_chain_id(message))


def _texts(message: SiweMessage, checksummed: str, fields: Collection[str]) -> Iterator[str]:
    present = {field: getattr(message, field) or None for field in _EMPTY}
    empty = [field for field in fields if present[field] is None]
    for values in product(*((None, _EMPTY[field]) for field in empty)):
        written = present | dict(zip(empty, values, strict=True))
        yield message_text(msgspec.structs.replace(message, **written), checksummed)


def _optional_lines(message: SiweMessage) -> list[str]:
    named = {
        "Expiration Time": message.expiration_time,
        "Not Before": message.not_before,
        "Request ID": message.request_id,
    }
    lines = [f"{name}: {value}" for name, value in named.items() if value is not None]
    if message.resources is not None:
        lines += ["Resources:", *(f"- {resource}" for resource in message.resources)]
    return lines


def _malformed_fields(message: SiweMessage, checksummed: str) -> Iterator[str]:
    """Yield the names of the fields that violate the grammar of EIP-4361."""
    required: dict[str, tuple[str | None, Callable[[str], bool]]] = {
        "domain": (message.domain, is_authority),
        "address": (message.address, lambda text: _has_checksum(text, checksummed)),
        "uri": (message.uri, is_uri),
        "version": (message.version, "1".__eq__),
        "chainId": (_chain_id(message), _matches(_CHAIN_ID)),
        "nonce": (message.nonce, _matches(_NONCE)),
        "issuedAt": (message.issued_at, _is_time),
    }
    optional: dict[str, tuple[str | None, Callable[[str], bool]]] = {
        "scheme": (message.scheme, is_scheme),
        "statement": (message.statement, _matches(_STATEMENT)),
        "expirationTime": (message.expiration_time, _is_time),
        "notBefore": (message.not_before, _is_time),
        "requestId": (message.request_id, is_pchars),
    }
    yield from (name for name, (text, fits) in required.items() if not text or not fits(text))
    yield from (name for name, (text, fits) in optional.items() if text and not fits(text))
    if not all(is_uri(resource) for resource in message.resources or ()):
        yield "resources"


def _chain_id(message: SiweMessage) -> str:
    missing = message.chain_id is None or message.chain_id == ""
    return str(DEFAULT_CHAIN_ID if missing else message.chain_id)


def _has_checksum(address: str, checksummed: str) -> bool:
    """Return False for a wrong EIP-55 checksum; an address in a single case has no checksum."""
    digits = address[2:]
    return digits in {digits.lower(), digits.upper()} or address == checksummed


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


def _is_time(text: str) -> bool:
    try:
        seconds_of(text)
    except NoSuchTime:
        return False
    return True
