"""The peer of a request: the network address that its limits are counted by."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

from starlette.requests import Request
from starlette.types import Scope

from passport_scorer.services import Services

UNKNOWN = "unknown"
_IPV6_PREFIX = 64  # bits; a household or a virtual machine controls a whole /64
_WITH_PORT = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<v4>[0-9.]+))(?::[0-9]{1,5})?")
_LONGEST_ADDRESS = 60  # characters


def peer_of(request: Request) -> str:
    """Return the peer of a request, behind the configured number of trusted proxies."""
    services: Services = request.app.state.services
    return peer_in(request.scope, services.trusted_proxies)


def peer_in(scope: Scope, trusted_proxies: int) -> str:
    """Return the peer of a request.

    Args:
        scope: the ASGI scope of the request.
        trusted_proxies: the number of consecutive proxies that each append their client to
            `X-Forwarded-For`; 0 ignores the header: the connected client is the peer.

    Returns:
        An IPv4 address, the /64 network of an IPv6 address, or `unknown`. The connected client if
        the request came through fewer proxies or the header is malformed.
    """
    if trusted_proxies:
        values = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        peer = _forwarded(values, trusted_proxies)
        if peer != UNKNOWN:
            return peer
    client = scope.get("client")
    return network(client[0]) if client else UNKNOWN


def _forwarded(values: Sequence[bytes], place: int) -> str:
    addresses = b",".join(values).rsplit(b",", place)
    if len(addresses) < place:
        return UNKNOWN
    return network(addresses[-place].strip().decode("latin-1"))


def network(text: str) -> str:
    """Return the form of an address that limits count: itself, its /64 network, or `unknown`.

    Args:
        text: an IP address, perhaps with a port: `192.0.2.1`, `192.0.2.1:443`, `[2001:db8::1]:443`.
    """
    return _network(text) if len(text) <= _LONGEST_ADDRESS else UNKNOWN


@lru_cache(4096)
def _network(text: str) -> str:
    if found := _WITH_PORT.fullmatch(text):
        text = found["v6"] or found["v4"]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    number = int(address) >> (128 - _IPV6_PREFIX) << (128 - _IPV6_PREFIX)
    return f"{ipaddress.IPv6Address(number)}/{_IPV6_PREFIX}"
