"""The URLs of the pages of stamps."""

from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.requests import Request

from passport_scorer.api.schemas.page_request import PageRequest, base_url
from passport_scorer.domain.pagination import START, Cursor, parse_token

ADDRESS = "0x" + "ab" * 20


def request(
    *headers: tuple[str, str], server: tuple[str, int | None] | None = ("10.0.0.1", 8000)
) -> Request:
    """A request over HTTP with these headers."""
    return Request(
        {
            "type": "http",
            "scheme": "http",
            "server": server,
            "path": "/v2/stamps/x",
            "query_string": b"",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        }
    )


@pytest.mark.parametrize(
    "host", ["api.passport.xyz", "localhost:8000", "127.0.0.1:80", "[::1]:8000", "under_score"]
)
def test_the_host_is_the_callers(host: str) -> None:
    """Links lead to where the request went."""
    assert base_url(request(("host", host))) == f"http://{host}"


@pytest.mark.parametrize(
    "host", ["", "a b", "evil.example/path", "user@evil.example", "a?b", "a#b", "é", "a:b", "[x]"]
)
def test_invalid_hosts(host: str) -> None:
    """Nothing but a host gets into a link; else it is the address of the listener."""
    assert base_url(request(("host", host))) == "http://10.0.0.1:8000"


@pytest.mark.parametrize(
    ("server", "base"),
    [(("::1", 80), "http://[::1]:80"), (("unix", None), "http://unix"), (None, "http://localhost")],
)
def test_no_host_at_all(server: tuple[str, int | None] | None, base: str) -> None:
    """Old clients send none."""
    assert base_url(request(server=server)) == base


@pytest.mark.parametrize(
    ("forwarded", "scheme"),
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("https, http", "https"),
        ("http", "http"),
        ("javascript", "http"),
        ("", "http"),
    ],
)
def test_the_scheme_before_the_load_balancer(forwarded: str, scheme: str) -> None:
    """Links are https behind a proxy that terminates TLS; invalid schemes are ignored."""
    headers = (("host", "a.example"), ("x-forwarded-proto", forwarded))
    assert base_url(request(*headers)) == f"{scheme}://a.example"


@pytest.mark.parametrize(("said", "kept"), [(None, None), (True, ["true"]), (False, ["false"])])
def test_a_link_keeps_the_request(said: bool | None, kept: list[str] | None) -> None:
    """It is the same request with another token."""
    cursor = Cursor("prev", 56)
    url = urlsplit(PageRequest(ADDRESS, START, 10, said).url("https://a.example", cursor))
    query = parse_qs(url.query)
    assert (url.scheme, url.netloc, url.path) == ("https", "a.example", f"/v2/stamps/{ADDRESS}")
    assert parse_token(query["token"][0]) == cursor
    assert (query["limit"], query.get("include_metadata")) == (["10"], kept)
