"""What is remembered of addresses stays bounded."""

from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.scoring.remembered_rows import RememberedRows, RowVersion

Remembered = RememberedRows[str, None]


def stamps(count: int) -> dict[RowVersion, None]:
    """So many stamps, refused ones."""
    return {(number, "1"): None for number in range(count)}


def test_the_address_that_was_scored_longest_ago_is_forgotten_first() -> None:
    """Asking for an address counts as use; as many as need be are forgotten, no more."""
    remembered = Remembered(6)
    for address, count in (("0xa", 2), ("0xb", 2), ("0xc", 2)):
        remembered.remember(address, stamps(count))
    remembered.of("0xa")
    remembered.remember("0xd", stamps(3))
    known = [len(remembered.of(address)) for address in ("0xa", "0xb", "0xc", "0xd")]
    assert known == [2, 0, 0, 3]


def test_all_stamps_of_an_address_are_replaced() -> None:
    """What is remembered is what was remembered last, and not what it replaced."""
    remembered = Remembered(10)
    remembered.remember("0xa", stamps(5))
    remembered.remember("0xa", {(7, "2"): None})
    assert remembered.of("0xa") == {(7, "2"): None}


def test_asking_for_an_unknown_address_leaves_nothing_behind() -> None:
    """Addresses that nothing is known of take no room."""
    remembered = Remembered(1)
    remembered.remember("0xa", stamps(1))
    for number in range(100):
        assert remembered.of(f"0x{number}") == {}
        remembered.remember(f"0x{number}", {})
    assert remembered.of("0xa") == stamps(1)


@given(
    capacity=st.integers(0, 10),
    remembering=st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 6))),
)
def test_the_size_is_what_is_remembered_and_never_more_than_allowed(
    capacity: int, remembering: list[tuple[str, int]]
) -> None:
    """Whatever is remembered and forgotten, the count is right and within the capacity."""
    remembered = Remembered(capacity)
    latest: dict[str, int] = {}
    for address, count in remembering:
        remembered.remember(address, stamps(count))
        latest[address] = count
        known = {each: len(remembered.of(each)) for each in "abcde"}
        assert len(remembered) == sum(known.values()) <= capacity
        assert all(known[each] in (0, latest.get(each, 0)) for each in "abcde")
