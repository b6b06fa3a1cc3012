"""The syntax of rate limits: `125/15m`, `100/hour`, `10/min`, `125/60`.

Source: docs/rules/authentication.md, "Rate limits": as the library django-ratelimit reads them,
except where that gives a weaker limit than intended; see `read_rate_limit`.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

_TEXT = re.compile(r"\s*(\d{1,30})\s*/\s*(\d{0,30})\s*(?:([smhd]).*|)", re.DOTALL)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

# A higher count doesn't fit into a header (RFC 8941, integers), or into every store of counts.
_HIGHEST_COUNT = 10**15 - 1
_LONGEST_WINDOW = 100 * 365 * 86400


class RateLimit(msgspec.Struct, frozen=True):
    """A number of calls in a window.

    Attributes:
        count: calls allowed in a window; 0: none.
        window: its length in seconds, 1 or more.
        is_default: True if the text could not be read, and the default is used instead.
    """

    count: int
    window: int
    is_default: bool = False


DEFAULT = RateLimit(125, 15 * 60, is_default=True)
DEFAULT_TEXT = "125/15m"


@lru_cache(maxsize=1024)
def read_rate_limit(text: str | None) -> RateLimit | None:
    """Return the limit in a column of an API key; None if it is unlimited.

    A count, a slash, a number of units (default 1) and a unit, of which only the first letter
    matters, in any letter case: s, m, h, d. Without a unit, seconds. Digits can be of any script.
    Spaces between the parts are ignored, and so is everything after the unit's letter.

    Args:
        text: the column; empty or None: unlimited.

    Returns:
        `DEFAULT` for a text that can't be read, such as a window of 0 seconds or an unknown unit:
        a week must not become a second.
    """
    if not text:
        return None
    match = _TEXT.fullmatch(text.lower())
    if match is None:
        return DEFAULT
    count, units, unit = match.groups()
    window = int(units or 1) * _SECONDS[unit or "s"]
    if window == 0:
        return DEFAULT
    return RateLimit(min(int(count), _HIGHEST_COUNT), min(window, _LONGEST_WINDOW))
