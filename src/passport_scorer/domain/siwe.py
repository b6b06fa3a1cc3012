"""Sign-In with Ethereum: the text that an owner signs, and when a message counts.

The message comes as fields, the signature is over the text that they make. That text must have
one meaning only: a line feed in a field, or a scheme that isn't one, would let a message for one
site, or one with an end, be read as another. So such fields are refused.

Source: EIP-4361; specification, auth.md ("Sign-in").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from passport_scorer.domain.addresses import is_address
from passport_scorer.domain.bounded_types import Bigint, Field
from passport_scorer.domain.errors import PassportScorerError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_NUMBER = re.compile(r"[0-9]{1,30}")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

MOST_RESOURCES = 100


class SignInRefused(PassportScorerError):
    """Verification failed!"""

    code = "sign_in_refused"


class SiweMessage(msgspec.Struct, frozen=True, rename="camel"):
    """A message of EIP-4361, as fields.

    Attributes:
        domain: the site that asks for the signature.
        address: whose signature it is, in any letter case.
        uri: what the session is for.
        version: `1`.
        chain_id: the chain that the session is bound to; a number, or its digits.
        nonce: from `GET /account/nonce`, used once.
        issued_at: when the message was made (RFC 3339).
        statement: a sentence for the owner.
        expiration_time: from when on the message doesn't count any more (RFC 3339).
        not_before: from when on it counts (RFC 3339).
        request_id: anything that identifies the request.
        resources: URIs that the owner wants to have resolved.
        scheme: of the site's origin: `https`.
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
    resources: Annotated[Sequence[Field], msgspec.Meta(max_length=MOST_RESOURCES)] | None = None
    scheme: Field | None = None


def signer_and_nonce(message: SiweMessage) -> tuple[str, str]:
    """Return the address and the nonce of a message, both in lower case.

    Raises:
        SignInRefused: one of them is missing, or the address is none.
    """
    if not message.address or not message.nonce:
        raise SignInRefused("Missing address or nonce!")
    if not is_address(message.address):
        raise SignInRefused("Invalid address format!")
    return message.address.lower(), message.nonce.lower()


def check_message(message: SiweMessage, domains: Collection[str], now: datetime) -> None:
    """Check that a message is for us, and counts now.

    Args:
        message: it has an address and a nonce.
        domains: the sites for which owners may sign in.
        now: the time (aware).

    Raises:
        SignInRefused: it is for another site, has expired, doesn't count yet, or is malformed.
    """
    if message.domain not in domains or not _well_formed(message):
        raise SignInRefused
    if message.expiration_time is not None and now >= _time(message.expiration_time):
        raise SignInRefused
    if message.not_before is not None and now < _time(message.not_before):
        raise SignInRefused


def message_text(message: SiweMessage, address: str) -> str:
    """Return the text that the owner has signed: EIP-4361, "ABNF Message Format".

    Args:
        message: `check_message` has let it pass.
        address: its address with the EIP-55 checksum, as the text must have it.
    """
    origin = f"{message.scheme}://{message.domain}" if message.scheme else message.domain
    lines = [
        f"{origin} wants you to sign in with your Ethereum account:",
        address,
        "",
        *([] if message.statement is None else [message.statement]),
        "",
        f"URI: {message.uri}",
        f"Version: {message.version}",
        f"Chain ID: {message.chain_id}",
        f"Nonce: {message.nonce}",
        f"Issued At: {message.issued_at}",
        *_optional_lines(message),
    ]
    return "\n".join(str(line) for line in lines)


def is_for_chain(message: SiweMessage, chain_id: int) -> bool:
    """Return True if the session is bound to this chain: contract wallets exist on one only."""
    return str(message.chain_id) == str(chain_id)


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


def _well_formed(message: SiweMessage) -> bool:
    required = (message.uri, message.version, message.chain_id, message.issued_at)
    texts = [*msgspec.structs.astuple(message), *(message.resources or ())]
    return (
        None not in required
        and not any(_CONTROL.search(text) for text in texts if isinstance(text, str))
        and _NUMBER.fullmatch(str(message.chain_id)) is not None
        and (not message.scheme or _SCHEME.fullmatch(message.scheme) is not None)
    )


def _time(text: str) -> datetime:
    """Read a time as RFC 3339 has it.

    Raises:
        SignInRefused: it is written in another way.
    """
    if not _TIME.fullmatch(text):
        raise SignInRefused
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise SignInRefused from None
