"""Addresses whose checksum counts."""

from __future__ import annotations

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.addresses import InvalidAddress
from passport_scorer.ethereum.checksum_address import parse_checksummed_address

# As written by other implementations.
CHECKSUMMED = st.integers(1, 2**255).map(
    lambda key: str(Account.from_key(key.to_bytes(32, "big")).address)
)
RIGHT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # an example of EIP-55


@given(CHECKSUMMED)
def test_right_checksum_all_lower_and_all_upper_are_accepted(right: str) -> None:
    """Three ways to write an address mean the same."""
    for text in (right, right.lower(), "0x" + right[2:].upper()):
        assert parse_checksummed_address(text) == right.lower()


@given(CHECKSUMMED, st.integers(2, 41))
def test_one_letter_in_the_wrong_case_is_refused(right: str, place: int) -> None:
    """A mixed-case address with a wrong letter isn't accepted, unless it has one case then."""
    wrong = right[:place] + right[place].swapcase() + right[place + 1 :]
    if wrong == right or wrong[2:] in (wrong[2:].lower(), wrong[2:].upper()):
        assert parse_checksummed_address(wrong) == right.lower()
    else:
        with pytest.raises(InvalidAddress):
            parse_checksummed_address(wrong)


@pytest.mark.parametrize("text", ["", "0x12", RIGHT[2:], RIGHT + "0", "0X" + RIGHT[2:].upper()])
def test_invalid_addresses_are_refused(text: str) -> None:
    """The prefix is lower-case, and 40 digits follow."""
    with pytest.raises(InvalidAddress):
        parse_checksummed_address(text)
