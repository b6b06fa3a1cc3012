"""By which address a call is counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.api.http.client_address import UNKNOWN, network, peer_in

SOCKET = "198.51.100.7"


def scope(*forwarded: str, client: str | None = SOCKET) -> dict[str, Any]:
    """A request with these headers `X-Forwarded-For`."""
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    return {
        "headers": [(b"host", b"x"), *headers],
        "client": None if client is None else (client, 1),
    }


@pytest.mark.parametrize(
    ("forwarded", "proxies", "expected"),
    [
        ((), 0, SOCKET),
        (("192.0.2.1",), 0, SOCKET),
        ((), 1, SOCKET),
        (("192.0.2.1",), 1, "192.0.2.1"),
        (("192.0.2.9, 192.0.2.1",), 1, "192.0.2.1"),
        (("192.0.2.9, 192.0.2.1",), 2, "192.0.2.9"),
        (("192.0.2.9", "192.0.2.1"), 2, "192.0.2.9"),
        (("192.0.2.8, 192.0.2.9", "192.0.2.1"), 2, "192.0.2.9"),
        (("192.0.2.8,192.0.2.9", " 192.0.2.1 "), 3, "192.0.2.8"),
        (("192.0.2.1",), 2, SOCKET),
        (("192.0.2.9, unknown",), 1, SOCKET),
        (("192.0.2.9, ",), 1, SOCKET),
        (("192.0.2.9:1234",), 1, "192.0.2.9"),
        (("[2001:db8:1:2:3::4]:1234",), 1, "2001:db8:1:2::/64"),
        (("2001:db8:1:2:3::4",), 1, "2001:db8:1:2::/64"),
        (("::ffff:192.0.2.1",), 1, "192.0.2.1"),
        (("9" * 30_000,), 1, SOCKET),
    ],
)
def test_the_peer(forwarded: tuple[str, ...], proxies: int, expected: str) -> None:
    """Entries of trusted proxies count, those that the caller wrote in front do not."""
    assert peer_in(scope(*forwarded), proxies) == expected


def test_no_peer() -> None:
    """A listener that knows no addresses has one peer."""
    assert peer_in(scope(client=None), 0) == UNKNOWN
    assert peer_in(scope(client=""), 0) == UNKNOWN
    assert peer_in(scope("192.0.2.1", client=None), 1) == "192.0.2.1"


@given(st.text(st.characters(max_codepoint=255), max_size=80))
def test_anything_may_stand_there(text: str) -> None:
    """Anything but an address is `unknown`; nothing fails."""
    assert network(text) == UNKNOWN or network(text).rstrip("/64")


@given(st.ip_addresses(v=6), st.integers(0, 2**64 - 1))
def test_a_network_of_ipv6_is_one_peer(address: Any, host: int) -> None:
    """The owner of a /64 network has 2^64 addresses, and counts as one peer."""
    other = type(address)(int(address) >> 64 << 64 | host)
    if address.ipv4_mapped is None and other.ipv4_mapped is None:
        assert network(str(address)) == network(str(other))
