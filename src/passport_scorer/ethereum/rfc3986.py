"""The grammar of URIs and their parts, as referenced by EIP-4361.

Source: RFC 3986, appendix A ("Collected ABNF for URI").
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address

_UNRESERVED = r"A-Za-z0-9\-._~"
_SUB_DELIMS = r"!$&'()*+,;="
_ENCODED = r"%[0-9A-Fa-f]{2}"
_SCHEME = r"[A-Za-z][A-Za-z0-9+\-.]*"
_PCHAR = rf"(?:[{_UNRESERVED}{_SUB_DELIMS}:@]|{_ENCODED})"
_USERINFO = rf"(?:[{_UNRESERVED}{_SUB_DELIMS}:]|{_ENCODED})*"
_REG_NAME = rf"(?:[{_UNRESERVED}{_SUB_DELIMS}]|{_ENCODED})*"
_IP_FUTURE = rf"[Vv][0-9A-Fa-f]+\.[{_UNRESERVED}{_SUB_DELIMS}:]+"
_IP_LITERAL = rf"\[(?:(?P<ipv6>[0-9A-Fa-f:.]+)|{_IP_FUTURE})\]"
_AUTHORITY = rf"(?:{_USERINFO}@)?(?:{_IP_LITERAL}|{_REG_NAME})(?::[0-9]*)?"
_PATH = rf"(?:/{_PCHAR}*)*"
_ROOTLESS = rf"{_PCHAR}+{_PATH}"
_HIERARCHICAL_PART = rf"(?://{_AUTHORITY}{_PATH}|/(?:{_ROOTLESS})?|{_ROOTLESS}|)"
_QUERY = rf"(?:{_PCHAR}|[/?])*"
_URI = rf"{_SCHEME}:{_HIERARCHICAL_PART}(?:\?{_QUERY})?(?:#{_QUERY})?"

_scheme = re.compile(_SCHEME)
_pchars = re.compile(rf"{_PCHAR}*")
_authority = re.compile(_AUTHORITY)
_uri = re.compile(_URI)


def is_uri(text: str) -> bool:
    """Return True for a URI (`URI`); a relative reference, without a scheme, is not one."""
    return _matches(_uri, text)


def is_authority(text: str) -> bool:
    """Return True for a host, optionally with user information and port (`authority`)."""
    return _matches(_authority, text)


def is_scheme(text: str) -> bool:
    """Return True for a scheme (`scheme`), without its colon."""
    return _scheme.fullmatch(text) is not None


def is_pchars(text: str) -> bool:
    """Return True if the text only has characters of a path segment (`*pchar`)."""
    return _pchars.fullmatch(text) is not None


def _matches(pattern: re.Pattern[str], text: str) -> bool:
    match = pattern.fullmatch(text)
    if match is None:
        return False
    return match["ipv6"] is None or _is_ipv6(match["ipv6"])


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True
