"""Check the `Host` header. Source: RFC 9112, 3.2; RFC 3986, 3.2."""

from __future__ import annotations

import re
from collections.abc import Iterable

Headers = Iterable[tuple[bytes, bytes]]

NO_CLEAR_HOST = "The request must have one valid Host header."

# A name or IPv4 address, which can be empty, or an IPv6 address; then a port.
_HOST = re.compile(
    rb"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*(?::[0-9]*)?|\[[0-9A-Fa-f:.]+\](?::[0-9]*)?"
)


def has_clear_host(headers: Headers, version: str) -> bool:
    """Return False for a request that must be rejected with 400.

    If a proxy and a server read different hosts from the same request, an attacker can exploit
    the difference.

    Args:
        headers: names in lower case, values without surrounding whitespace.
        version: the HTTP version, such as `1.1`; earlier versions need no host.
    """
    hosts = hosts_in(headers)
    if not hosts:
        return version < "1.1"
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None


def hosts_in(headers: Headers) -> list[bytes]:
    """Return the values of all `Host` headers."""
    return [value for name, value in headers if name == b"host"]
