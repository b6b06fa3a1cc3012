"""The syntax of parameters: the same in paths, queries, headers and bodies.

Each type is read and bounded in one place, so that `01` and `1` are the same scorer for every
cache, limit and label. Source: docs/rules/http.md, "Parameters".
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
    """Return a decimal integer; None if the text is anything else.

    Args:
        text: ASCII digits, with an optional minus. No plus, which is a space in queries; no
            spaces, fractions, exponents or separators.
    """
    return int(text) if _INTEGER.fullmatch(text) else None


def read_boolean(text: str) -> bool | None:
    """Return a boolean; None if the text is anything else.

    Args:
        text: `true/false/1/0/yes/no/on/off`, in any letter case.
    """
    return _BOOLEANS.get(text.lower())


def read_credentials(authorization: str) -> tuple[str, str]:
    """Split the value of a header `Authorization`.

    Args:
        authorization: `<scheme> <credentials>`, with any number of spaces or tabs around both.

    Returns:
        The scheme in lower case and the credentials; either is empty if it is missing.

    Source: RFC 9110, 11.4; docs/rules/authentication.md, "API keys".
    """
    scheme, *rest = _SEPARATOR.split(authorization.strip(_BLANKS), maxsplit=1)
    return scheme.lower(), "".join(rest)
