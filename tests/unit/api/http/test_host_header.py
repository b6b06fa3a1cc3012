"""For which host a request is."""

from __future__ import annotations

import pytest

from passport_scorer.api.http.host_header import has_clear_host


@pytest.mark.parametrize(
    "host",
    [
        *(b"", b"localhost", b"api.passport.xyz:443", b"my_service", b"127.0.0.1:8000", b"a:"),
        *(b"[::1]", b"[2001:db8::1]:443", b"a%20b", b"a!$&'()*+,;=~-", b"API.Passport.XYZ."),
    ],
)
def test_one_host(host: bytes) -> None:
    """A name, an IPv4 or an IPv6 address, with a port or without, is clear; so is an empty one."""
    assert has_clear_host([(b"accept", b"*/*"), (b"host", host)], "1.1")


@pytest.mark.parametrize(
    "host",
    [
        *(b"a b", b"a/b", b"a@b", b"a#", b"a?b", b"a\\b", b"<a>", b"a:b", b"a:80:80", b"a\tb"),
        *(b"::1", b"[::1", b"[::1]x", b"%", b"%zz", b"\xff", "é".encode(), b"a\n", b'"a"'),
    ],
)
def test_invalid_hosts(host: bytes) -> None:
    """Whatever else is in the header, the request is refused, in any version of HTTP."""
    assert not has_clear_host([(b"host", host)], "1.1")
    assert not has_clear_host([(b"host", host)], "1.0")


@pytest.mark.parametrize(("version", "is_clear"), [("0.9", True), ("1.0", True), ("1.1", False)])
def test_no_host(version: str, *, is_clear: bool) -> None:
    """Only before HTTP/1.1 a request needs none."""
    assert has_clear_host([(b"accept", b"*/*")], version) is is_clear


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_two_hosts(version: str) -> None:
    """Not even the same one twice."""
    assert not has_clear_host([(b"host", b"a"), (b"host", b"a")], version)
