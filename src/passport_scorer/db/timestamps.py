"""Decodes any `timestamptz` value, including those out of Python's range.

PostgreSQL has `infinity`, and years before 1 and after 9999. asyncpg returns the former without a
time zone and raises on the latter, which would fail everything read together with such a row. Here
they become the first or last time of Python, so that rules can compare them; `infinity` and
`-infinity` are written back unchanged.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INFINITY, _MINUS_INFINITY = 2**63 - 1, -(2**63)


async def register(connection: Any) -> None:
    """Register this codec on a connection of asyncpg; costs no round trip."""
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", encoder=encoded, decoder=decoded, format="tuple"
    )


def decoded(microseconds: tuple[int]) -> datetime:
    """Return the time (aware, UTC) of microseconds since 2000."""
    try:
        return _EPOCH + timedelta(microseconds=microseconds[0])
    except OverflowError:
        return LAST if microseconds[0] > 0 else FIRST


def encoded(time: datetime) -> tuple[int]:
    """Return the microseconds since 2000 of a time (aware)."""
    if time == LAST:
        return (_INFINITY,)
    if time == FIRST:
        return (_MINUS_INFINITY,)
    return ((time - _EPOCH) // _MICROSECOND,)
