"""What is remembered stays bounded."""

from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.scoring.remembered import Memory


def test_the_owner_that_was_asked_for_longest_ago_is_forgotten_first() -> None:
    """Asking counts as use; as many as need be are forgotten, no more."""
    memory: Memory[str, str] = Memory(6)
    for owner in ("0xa", "0xb", "0xc"):
        memory.remember(owner, owner, 2)
    memory.of("0xa")
    memory.remember("0xd", "0xd", 3)
    assert [memory.of(owner) for owner in ("0xa", "0xb", "0xc", "0xd")] == [
        "0xa",
        None,
        None,
        "0xd",
    ]


def test_what_was_remembered_is_replaced() -> None:
    """What is remembered is what was remembered last, and takes only its own room."""
    memory: Memory[str, str] = Memory(10)
    memory.remember("0xa", "first", 5)
    memory.remember("0xa", "second", 1)
    assert (memory.of("0xa"), len(memory)) == ("second", 1)


def test_asking_for_an_unknown_owner_leaves_nothing_behind() -> None:
    """Owners that nothing is known of take no room."""
    memory: Memory[str, str] = Memory(1)
    memory.remember("0xa", "known")
    for number in range(100):
        assert memory.of(f"0x{number}") is None
        memory.forget(f"0x{number}")
    assert memory.of("0xa") == "known"


@given(
    capacity=st.integers(0, 10),
    remembering=st.lists(st.tuples(st.sampled_from("abcde"), st.integers(1, 6))),
)
def test_the_size_is_what_is_remembered_and_never_more_than_allowed(
    capacity: int, remembering: list[tuple[str, int]]
) -> None:
    """Whatever is remembered and forgotten, the size is right and within the capacity."""
    memory: Memory[str, int] = Memory(capacity)
    latest: dict[str, int] = {}
    for owner, size in remembering:
        memory.remember(owner, size, size)
        latest[owner] = size
        known = {each: memory.of(each) or 0 for each in "abcde"}
        assert len(memory) == sum(known.values()) <= capacity
        assert all(known[each] in (0, latest.get(each, 0)) for each in "abcde")
