"""Which host a request is for. Source: RFC 9112, 3.2; RFC 3986, 3.2."""

from __future__ import annotations

import re
from collections.abc import Iterable

Headers = Iterable[tuple[bytes, bytes]]

NO_CLEAR_HOST = "The request must have one valid Host header."

# A name or IPv4 address, which may be empty, or an IPv6 address; then a port.
_HOST = re.compile(
    rb"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*(?::[0-9]*)?|\[[0-9A-Fa-f:.]+\](?::[0-9]*)?"
)


def has_clear_host(headers: Headers, version: str) -> bool:
    """Return False for a request that must be refused with 400.

    Proxies and servers that take different hosts from the same request can be played off
    against each other.

    Args:
        headers: names in lower case, values without blanks around them.
        version: of HTTP: `1.1`; before that a request needs no host.
    """
    hosts = hosts_in(headers)
    if not hosts:
        return version < "1.1"
    return len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None


def hosts_in(headers: Headers) -> list[bytes]:
    """Return the values of all headers `Host`."""
    return [value for name, value in headers if name == b"host"]
