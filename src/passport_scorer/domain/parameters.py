"""How callers may write a value of each kind: in paths, queries, headers and bodies alike.

Each kind is read in one place and bounded there, so that `01` and `1` are one scorer for every
cache, limit and label. Source: specification, http.md.
"""

import re

LONGEST_INTEGER = 100  # digits, leading zeros included

_INTEGER = re.compile(rf"-?[0-9]{{1,{LONGEST_INTEGER}}}")
_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes", "on"), True),
    **dict.fromkeys(("false", "0", "no", "off"), False),
}
_BLANKS = " \t"
_SEPARATOR = re.compile(f"[{_BLANKS}]+")


def read_integer(text: str) -> int | None:
    """Return a decimal integer; None if the text is something else.

    Args:
        text: ASCII digits, perhaps behind a minus. No plus, which is a blank in queries; no
            blanks, fractions, exponents or separators.
    """
    return int(text) if _INTEGER.fullmatch(text) else None


def read_boolean(text: str) -> bool | None:
    """Return a boolean; None if the text is something else.

    Args:
        text: `true/false/1/0/yes/no/on/off`, in any letter case.
    """
    return _BOOLEANS.get(text.lower())


def read_credentials(authorization: str) -> tuple[str, str]:
    """Split the value of a header `Authorization`.

    Args:
        authorization: `<scheme> <credentials>`, with any number of blanks or tabs around both.

    Returns:
        The scheme in lower case and the credentials; either is empty if it is missing.

    Source: RFC 9110, 11.4; specification, auth.md.
    """
    scheme, *rest = _SEPARATOR.split(authorization.strip(_BLANKS), maxsplit=1)
    return scheme.lower(), "".join(rest)
