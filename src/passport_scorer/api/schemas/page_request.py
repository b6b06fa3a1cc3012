"""Which page of stamps is asked for, and the URLs of its neighbours."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request

from passport_scorer.domain.pagination import Cursor

_HOST = re.compile(r"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_SCHEMES = frozenset({"http", "https"})


class PageRequest(msgspec.Struct, frozen=True):
    """What is asked for.

    Attributes:
        address: whose stamps, in lower case.
        cursor: where to go on.
        limit: how many stamps at most.
        include_metadata: whether to say what the catalogue says; None: nothing was said of it.
    """

    address: str
    cursor: Cursor
    limit: int
    include_metadata: bool | None

    def url(self, base: str, cursor: Cursor) -> str:
        """Return the URL of another page: the same request with another token."""
        query: dict[str, object] = {"token": cursor.token(), "limit": self.limit}
        if self.include_metadata is not None:
            query["include_metadata"] = "true" if self.include_metadata else "false"
        return f"{base}/v2/stamps/{self.address}?{urlencode(query)}"


def base_url(request: Request) -> str:
    """Return scheme, host and path prefix of the service: `https://api.example.org/scorer`.

    The host is that of the header `Host`, which load balancers leave as it is. The scheme is
    `X-Forwarded-Proto`, where a load balancer has ended TLS and says so; a caller who forges it
    changes links in the caller's own answer, and nothing else. What can't be a host or a scheme
    is left aside. The prefix is that of the settings (`ROOT_PATH`).
    """
    written = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    scheme = written if written in _SCHEMES else request.scope.get("scheme", "http")
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        name, port = request.scope.get("server") or ("localhost", None)
        host = f"[{name}]" if ":" in name else name
        host += f":{port}" if port else ""
    return f"{scheme}://{host}{request.scope.get('root_path', '')}"
