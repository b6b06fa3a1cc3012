"""The requested page of stamps, and the URLs of its neighbors."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request

from passport_scorer.domain.pagination import Cursor

_HOST = re.compile(r"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_SCHEMES = frozenset({"http", "https"})


class PageRequest(msgspec.Struct, frozen=True):
    """A requested page of stamps.

    Attributes:
        address: the address whose stamps are listed, in lower case.
        cursor: where the page starts.
        limit: the maximum number of stamps.
        include_metadata: whether to include the catalogue entries; None if not specified.
    """

    address: str
    cursor: Cursor
    limit: int
    include_metadata: bool | None

    def url(self, base: str, cursor: Cursor) -> str:
        """Return the URL of another page: the same request with a different token."""
        query: dict[str, object] = {"token": cursor.token(), "limit": self.limit}
        if self.include_metadata is not None:
            query["include_metadata"] = "true" if self.include_metadata else "false"
        return f"{base}/v2/stamps/{self.address}?{urlencode(query)}"


def base_url(request: Request) -> str:
    """Return scheme, host and path prefix of the service: `https://api.example.org/scorer`.

    The host comes from the `Host` header, which load balancers do not change. The scheme comes
    from `X-Forwarded-Proto`, which load balancers that terminate TLS set; a caller who forges it
    changes only the links in their own response. Invalid hosts and schemes are ignored. The
    prefix comes from the settings (`ROOT_PATH`).
    """
    written = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    scheme = written if written in _SCHEMES else request.scope.get("scheme", "http")
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        name, port = request.scope.get("server") or ("localhost", None)
        host = f"[{name}]" if ":" in name else name
        host += f":{port}" if port else ""
    return f"{scheme}://{host}{request.scope.get('root_path', '')}"
