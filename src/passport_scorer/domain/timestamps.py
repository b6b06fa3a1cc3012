"""Formats of times."""

from datetime import UTC, datetime


def iso(time: datetime) -> str:
    """Format an aware time as in responses: `2026-11-24T03:30:00.123456+00:00`.

    The fraction is left out when it is zero. Source: docs/rules/http.md, "Timestamps".
    """
    return time.astimezone(UTC).isoformat()


def event_time(time: datetime) -> str:
    """Format an aware time as in score events: milliseconds and `Z`, no fraction when zero.

    Digits beyond the millisecond are truncated. Source: docs/rules/stored-data.md, "Score events".
    """
    precision = "milliseconds" if time.microsecond else "seconds"
    return time.astimezone(UTC).isoformat(timespec=precision).removesuffix("+00:00") + "Z"
