"""The syntax of rate limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.rate_limit import DEFAULT, DEFAULT_TEXT, RateLimit, read_rate_limit

UNITS = {
    "": 1,
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
}
BLANKS = st.text(" \t\n\N{NO-BREAK SPACE}", max_size=2)
NUMBERS = st.integers(0, 10**6)


@pytest.mark.parametrize(
    ("text", "count", "window"),
    [
        ("125/15m", 125, 900),
        ("350/15m", 350, 900),
        ("10/30s", 10, 30),
        ("20000/7d", 20000, 604800),
        ("100/hour", 100, 3600),
        ("10/min", 10, 60),
        ("125/15min", 125, 900),
        ("125/60", 125, 60),
        ("100/H", 100, 3600),
        ("3/15 m", 3, 900),
        ("3/m per address", 3, 60),
        ("5/", 5, 1),
        ("0/s", 0, 1),
        ("007/01m", 7, 60),
        ("\N{ARABIC-INDIC DIGIT FIVE}/1m", 5, 60),
        ("9999999999999999999/d", 10**15 - 1, 86400),
        ("1/999999999999999999", 1, 100 * 365 * 86400),
    ],
)
def test_a_limit_is_a_count_and_a_window(text: str, count: int, window: int) -> None:
    """It is read as intended; too large numbers become the largest that can be counted."""
    assert read_rate_limit(text) == RateLimit(count, window)


@pytest.mark.parametrize("text", [None, ""])
def test_no_limit_is_unlimited(text: str | None) -> None:
    """Only an empty column means that there is no limit."""
    assert read_rate_limit(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "much",
            " ",
            "125",
            "/15m",
            "-1/1m",
            "1.5/1m",
            "100/1.5h",
            "100/week",
            "125/15w",
            "5/-1m",
        ),
        *("0/0", "5/0", "5/0m", "5//m", "unlimited", "1" * 40 + "/m", "1/" + "1" * 40),
    ],
)
def test_what_cannot_be_read_is_the_default(text: str) -> None:
    """It limits as 125/15m does, and the caller can tell that it is the default."""
    assert read_rate_limit(text) == DEFAULT


def test_the_default_is_what_its_text_says() -> None:
    """Documents and statements that name it mean the same limit."""
    default = read_rate_limit(DEFAULT_TEXT)
    assert default is not None
    assert (default.count, default.window) == (DEFAULT.count, DEFAULT.window)


@given(
    count=NUMBERS,
    units=st.one_of(st.none(), st.integers(1, 36_500)),
    unit=st.sampled_from(sorted(UNITS)),
    upper=st.booleans(),
    blanks=st.tuples(*[BLANKS] * 5),
)
def test_however_it_is_written(
    count: int, units: int | None, unit: str, upper: bool, blanks: tuple[str, ...]
) -> None:
    """Any word for a unit, in any letter case, with blanks between the parts, means the same."""
    word = unit.upper() if upper else unit
    parts = (str(count), "/", "" if units is None else str(units), word)
    text = "".join(blank + part for blank, part in zip(blanks, (*parts, ""), strict=True))
    assert read_rate_limit(text) == RateLimit(count, (units or 1) * UNITS[unit])


@given(text=st.one_of(st.text(min_size=1), st.from_regex(r"[\d/ .smhdw-]+", fullmatch=True)))
def test_nothing_written_is_unlimited(text: str) -> None:
    """Whatever is in the column limits, in numbers that can be counted and sent."""
    limit = read_rate_limit(text)
    assert limit is not None
    assert 0 <= limit.count < 10**15
    assert 1 <= limit.window < 10**15
