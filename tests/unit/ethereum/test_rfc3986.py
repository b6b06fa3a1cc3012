"""URIs and their parts, judged as another implementation of the grammar judges them."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.ethereum.rfc3986 import is_authority, is_pchars, is_scheme, is_uri

PCHARS = st.from_regex(r"([A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-F]{2}){0,9}", fullmatch=True)
OUTSIDE = ' "<>\\^`{|}é\n\t\0\x7f\u2028'


@pytest.mark.parametrize(
    "text",
    [
        "uri:",
        "ftp://ftp.is.co.za/rfc/rfc1808.txt",
        "http://www.ietf.org/rfc/rfc2396.txt",
        "ldap://[2001:db8::7]/c=GB?objectClass?one",
        "mailto:John.Doe@example.com",
        "news:comp.infosystems.www.servers.unix",
        "tel:+1-816-555-1212",
        "telnet://192.0.2.16:80/",
        "urn:oasis:names:specification:docbook:dtd:xml:4.1.2",
        "did:pkh:eip155:1:0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2",
        "x://user:pw@host:/a//b/?a?/b#c?/",
        "x://[::ffff:192.0.2.1]:1",
        "x://[v1f.a:b]",
        "x:/",
        "x:%41",
    ],
)
def test_uris(text: str) -> None:
    """The examples of RFC 3986, section 1.1.2, and corners of its grammar."""
    assert is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "uri",
        ":",
        "://a",
        "//a/b",
        "/a",
        "1a:b",
        "a b:c",
        "x:a b",
        "x:%",
        "x:%4g",
        "x:a#b#c",
        "x://a b/",
        "x://a@b@c",
        "x://a:8o",
        "x://[::1",
        "x://[]",
        "x://[1.2.3.4]",
        "x://[::1%25eth0]",
        "x://[1:2:3:4:5:6:7:8::]",
        "x://[::256.0.0.0]",
        "x://[v.a]",
        "x://[]:80[]",
        "x:///[",
        "x:a\n",
    ],
)
def test_no_uris(text: str) -> None:
    """References without a scheme, and characters that are not allowed there, or anywhere."""
    assert not is_uri(text)


@given(st.text(max_size=5), st.sampled_from(OUTSIDE), st.text(max_size=5))
def test_characters_outside_the_grammar(before: str, character: str, after: str) -> None:
    """One character that no rule has is enough."""
    text = before + character + after
    assert not any(check(text) for check in (is_authority, is_pchars, is_scheme))
    assert not is_uri("x:" + text)


@given(PCHARS, PCHARS, PCHARS, PCHARS)
def test_assembled_parts_are_a_uri(host: str, path: str, query: str, fragment: str) -> None:
    """Parts that fit make a URI, and its parts are found again."""
    assert all(map(is_pchars, (host, path, query, fragment)))
    text = f"x-1+.://{'h' if ':' in host or '@' in host else host}/{path}?{query}#{fragment}"
    assert is_uri(text)
    parts = urlsplit(text)
    assert (parts.path, parts.query, parts.fragment) == ("/" + path, query, fragment)
    assert is_authority(parts.netloc)


@pytest.mark.parametrize(
    ("text", "fits"),
    [("https", True), ("h2+-.", True), ("", False), ("2h", False), ("h:", False), ("h\n", False)],
)
def test_schemes(text: str, fits: bool) -> None:
    """A scheme begins with a letter."""
    assert is_scheme(text) is fits
