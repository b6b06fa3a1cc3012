"""Parsers for the values of variables."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import msgspec

from passport_scorer.auth.rsa_keys import private_key_pem, public_key_pem
from passport_scorer.ethereum.did import ed25519_key, ethereum_address
from passport_scorer.ethereum.errors import IssuerUnresolvable
from passport_scorer.ethereum.rfc3986 import is_authority

BIGINT = 2**63  # one more than the largest value of the column type

_TRUE = frozenset({"1", "on", "true", "yes"})
_FALSE = frozenset({"0", "off", "false", "no", ""})
_CHAIN_ID = re.compile("[1-9][0-9]{0,18}")
_MOST_CHAINS = 100
_LEVELS = ("debug", "info", "warning", "error")
# Options in the URL of a Redis, and the values that they can have.
_REDIS_OPTIONS = {
    "username": ".+",
    "password": ".+",
    "db": "[0-9]{1,5}",
    "ssl_ca_certs": ".+",
    "ssl_certfile": ".+",
    "ssl_keyfile": ".+",
    "ssl_cert_reqs": "none|optional|required",
    "ssl_check_hostname": "True|False",
}


# The first segments of the service's own paths: a prefix that starts like one would be ambiguous.
OWN_SEGMENTS = frozenset(
    {"account", "ceramic-cache", "docs", "errors", "health", "internal", "metrics"}
    | {"openapi.json", "v2"}
)


class Expected(ValueError):
    """The expected form, without the value, which may be a secret."""


def switch(text: str) -> bool:
    """Read `on` or `off`."""
    if text.lower() not in _TRUE | _FALSE:
        raise Expected("on or off")
    return text.lower() in _TRUE


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a parser of whole numbers within bounds."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,20}", text) or not least <= int(text) <= most:
            raise Expected(f"a whole number from {least} to {most}")
        return int(text)

    return read


def share(text: str) -> float:
    """Read a number, clamped to 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise Expected("a number from 0 to 1")
    return min(1.0, max(0.0, number))


def log_level(text: str) -> str:
    """Read the name of a level, in any letter case."""
    if text.lower() not in _LEVELS:
        raise Expected(f"one of {', '.join(_LEVELS)}")
    return text.lower()


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a parser of one of these words."""

    def read(text: str) -> str:
        if text not in choices:
            raise Expected(" or ".join(choices))
        return text

    return read


def header_name(text: str) -> str:
    """Read the name of a header."""
    if not re.fullmatch(r"[A-Za-z0-9-]{1,100}", text):
        raise Expected("the name of a header")
    return text


def path_prefix(text: str) -> str:
    """Read the path prefix under which a proxy publishes the service: `/scorer`; `/` for none."""
    prefix = text.rstrip("/")
    segments = prefix.split("/")[1:]
    fit = re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){0,10}", prefix) and len(prefix) <= 200
    if not fit or (segments and segments[0] in OWN_SEGMENTS):
        own = ", ".join(sorted(OWN_SEGMENTS))
        raise Expected(f"a path such as /scorer, whose first segment is not one of {own}")
    return prefix


def unix_time(text: str) -> datetime:
    """Read seconds since 1970."""
    try:
        return datetime.fromtimestamp(whole_number(0, BIGINT)(text), UTC)
    except (ValueError, OverflowError, OSError):
        raise Expected("seconds since 1970") from None


def texts(text: str) -> frozenset[str]:
    """Read a JSON list of strings."""
    return frozenset(_list_of_texts(text))


def _list_of_texts(text: str) -> list[str]:
    try:
        return msgspec.json.decode(text, type=list[str])
    except msgspec.MsgspecError:
        raise Expected('a JSON list of strings, such as ["a", "b"]') from None


def issuers(text: str) -> frozenset[str]:
    """Read a JSON list of DIDs, each of which can be the issuer of a valid stamp."""
    listed = _list_of_texts(text)
    for number, did in enumerate(listed, 1):
        try:
            ed25519_key(did) if did.startswith("did:key:") else ethereum_address(did)
        except IssuerUnresolvable as error:
            raise Expected(
                "a JSON list of did:ethr:0x… (lower case, or with its EIP-55 checksum) "
                f"and did:key:z6Mk…, but item {number} is invalid: {error.message.rstrip('.')}"
            ) from None
    return frozenset(listed)


def hosts(text: str) -> frozenset[str]:
    """Read a JSON list of hosts with optional ports, which EIP-4361 calls domains."""
    listed = _list_of_texts(text)
    for number, host in enumerate(listed, 1):
        if not host or not is_authority(host):
            raise Expected(
                'a JSON list of hosts, such as ["app.example", "localhost:3000"], '
                f"but item {number} is not a host"
            )
    return frozenset(listed)


def public_key(text: str) -> str:
    """Read an RSA public key."""
    try:
        return public_key_pem(text)
    except ValueError:
        raise Expected("an RSA public key of 2048 bits or more, PEM or PEM in base64") from None


def private_key(text: str) -> str:
    """Read an RSA private key."""
    try:
        return private_key_pem(text)
    except ValueError:
        raise Expected("an RSA private key of 2048 bits or more, PEM or PEM in base64") from None


def redis_address(text: str) -> str:
    """Read the URL of a Redis; its options can't include timeouts, which the service sets."""
    parts = urlsplit(_address(text, "redis", "rediss"))
    options = parse_qsl(parts.query, keep_blank_values=True)
    if not re.fullmatch(r"/?|/[0-9]{1,5}", parts.path) or not all(
        re.fullmatch(_REDIS_OPTIONS.get(name, "(?!)"), value) for name, value in options
    ):
        raise Expected(
            f"redis://host:port/number, with no options except {', '.join(_REDIS_OPTIONS)}"
        )
    return text


def web_address(text: str) -> str:
    """Read an HTTP or HTTPS URL."""
    return _address(text, "http", "https")


def chain_addresses(text: str) -> dict[int, str]:
    """Read a JSON object: id of a chain -> URL of a node."""
    try:
        listed = msgspec.json.decode(text, type=dict[str, str])
        if len(listed) > _MOST_CHAINS or not all(map(_CHAIN_ID.fullmatch, listed)):
            raise ValueError
        return {int(chain_id): web_address(url) for chain_id, url in listed.items()}
    except (msgspec.MsgspecError, ValueError):  # neither message is shown: URLs contain keys
        raise Expected(
            'a JSON object of chain id -> URL, such as {"8453": "https://…"}, '
            f"with up to {_MOST_CHAINS} members"
        ) from None


def _address(text: str, *schemes: str) -> str:
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:  # a malformed port, or unbalanced brackets
        is_good = False
    if not is_good or not text.isprintable() or " " in text:
        raise Expected(" or ".join(f"{scheme}://…" for scheme in schemes))
    return text
