"""How often a key may be used, as people write it: `125/15m`, `100/hour`, `10/min`, `125/60`.

Source: specification, auth.md ("Rate limits"): as the library django-ratelimit reads it, except
where that would make less of a limit than was meant; see `read_rate_limit`.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

_TEXT = re.compile(r"\s*(\d{1,30})\s*/\s*(\d{0,30})\s*(?:([smhd]).*|)", re.DOTALL)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

# More neither fits into a header (RFC 8941, integers) nor can be counted by every store.
_HIGHEST_COUNT = 10**15 - 1
_LONGEST_WINDOW = 100 * 365 * 86400


class RateLimit(msgspec.Struct, frozen=True):
    """A number of calls in a window.

    Attributes:
        count: calls allowed in a window; 0: none is.
        window: its length in seconds, 1 or more.
        is_default: True if the text could not be read, and this stands for it.
    """

    count: int
    window: int
    is_default: bool = False


DEFAULT = RateLimit(125, 15 * 60, is_default=True)
DEFAULT_TEXT = "125/15m"


@lru_cache(maxsize=1024)
def read_rate_limit(text: str | None) -> RateLimit | None:
    """Return the limit that a column of an API key holds; None if it is unlimited.

    A count, a slash, a number of units (1 if there is none) and a unit, of which the first letter
    counts, in any letter case: s, m, h, d. Without a unit, seconds. Digits may be those of any
    script. Blanks between these parts do not count, and nothing after the unit's letter does.

    Args:
        text: the column; empty or None: unlimited.

    Returns:
        `DEFAULT` for what cannot be read, such as a window of 0 seconds or a unit that there is
        not: a week must not become a second.
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
