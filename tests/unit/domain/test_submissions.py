"""The stamps that the stamp store accepts."""

from __future__ import annotations

import pytest

from passport_scorer.domain.submissions import (
    Entry,
    SubmittedStamp,
    TooManyStamps,
    UnusableEntry,
    check_entries,
    check_number,
)


def stamp(provider: str | None = "Google", proof_value: str | None = "0x1") -> SubmittedStamp:
    """A stamp with nothing that matters but these."""
    return SubmittedStamp("{}", "{}", provider, proof_value, None, None)


def test_good_entries_are_taken() -> None:
    """A stamp of its provider, and an entry that only deletes."""
    check_entries([Entry("Google", stamp()), Entry("Ens")])
    check_entries([])


@pytest.mark.parametrize("provider", [None, ""])
def test_a_stamp_that_names_no_provider_is_taken(provider: str | None) -> None:
    """Only a stamp that names another provider would be stored under a wrong name."""
    check_entries([Entry("Google", stamp(provider))])


@pytest.mark.parametrize(
    "entry",
    [
        Entry("Ens"),
        Entry("x" * 257),
        Entry("nul\0"),
        Entry("Google", stamp("Github")),
        Entry("Google", stamp(proof_value=None)),
        Entry("Google", stamp(proof_value="")),
        Entry("Google", stamp(proof_value="x" * 257)),
    ],
)
def test_an_entry_that_cannot_be_stored_is_named(entry: Entry) -> None:
    """The second of two entries is named by its place."""
    with pytest.raises(UnusableEntry, match=r"^Entry 2: "):
        check_entries([Entry("Ens"), entry])


def test_a_hundred_are_taken_at_once() -> None:
    """A hundred entries are not too many, one more is."""
    check_number([None] * 100)
    with pytest.raises(TooManyStamps, match=r"^You have submitted too many stamps\.$"):
        check_number([None] * 101)
