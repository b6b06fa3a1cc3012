"""Valid and invalid addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.addresses import InvalidAddress, is_address, parse_address

ADDRESS = "0x4f0f596e6fafa901f0a803b18a9713964742bcaf"


@given(digits=st.text("0123456789abcdefABCDEF", min_size=40, max_size=40))
def test_an_address_is_read_in_any_letter_case(digits: str) -> None:
    """Forty hexadecimal digits after 0x are the same address in every letter case."""
    assert parse_address("0x" + digits) == "0x" + digits.lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        ADDRESS[2:],
        ADDRESS[:-1],
        ADDRESS + "0",
        "0X" + ADDRESS[2:],
        ADDRESS[:-1] + "g",
        ADDRESS[:-1] + "٣",
        ADDRESS + "\n",
        " " + ADDRESS,
        "vitalik.eth",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """A text that isn't exactly 0x and 40 hexadecimal digits is not an address."""
    assert not is_address(text)
    with pytest.raises(InvalidAddress, match=r"^Invalid address\.$"):
        parse_address(text)
