"""One spelling of a proof value."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from passport_scorer.domain.proof_values import canonical_proof_value, proof_value_spellings

NUMBERS = "0123456789abcdef" * 8  # r and s
SAME_BYTE = {"00": "1b", "01": "1c", "1b": "1b", "1c": "1c"}

numbers = st.text("0123456789abcdef", min_size=128, max_size=128)
recovery_ids = st.sampled_from(sorted(SAME_BYTE))
prefixes = st.sampled_from(["0x", "0X", ""])
letter_cases = st.lists(st.booleans(), min_size=132, max_size=132)


@given(numbers, recovery_ids, prefixes, letter_cases)
def test_every_spelling_of_a_signature_has_one_canonical_spelling(
    numbers: str, recovery_id: str, prefix: str, upper: list[bool]
) -> None:
    """Letter case letter by letter, the prefix, and v as 0/1 or 27/28 make no difference."""
    digits = numbers + recovery_id
    written = prefix + "".join(
        digit.upper() if is_upper else digit for digit, is_upper in zip(digits, upper, strict=False)
    )
    canonical = f"0x{numbers}{SAME_BYTE[recovery_id]}"
    assert canonical_proof_value(written) == canonical
    assert {canonical, written} <= set(proof_value_spellings(written))


@given(st.one_of(st.text(max_size=140), st.from_regex(r"(0[xX])?[0-9a-fA-F]{1,140}")))
def test_canonical_is_the_end_of_it(text: str) -> None:
    """A canonical spelling is its own, and every spelling that is searched for has the same."""
    canonical = canonical_proof_value(text)
    assert canonical_proof_value(canonical) == canonical
    spellings = proof_value_spellings(text)
    assert len(spellings) == len(set(spellings))
    assert {canonical_proof_value(spelling) for spelling in spellings} == {canonical}


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        (f"0x{NUMBERS.upper()}1C", f"0x{NUMBERS}1c"),
        (f"{NUMBERS}01", f"0x{NUMBERS}1c"),
        (f"0x{NUMBERS}1D", f"0x{NUMBERS}1d"),
        ("0xABCD00", "0xabcd00"),
        ("0XAB", "0xab"),
        ("ABCD", "ABCD"),
        ("zQeVbY4oey5q2M3XKaxup3tmzN4DRFTLVqpLMweBrSxMY2x", None),
        (f"{NUMBERS}1b ", None),
        (f"0x{NUMBERS}1b\n", None),
        ("", None),
    ],
)
def test_other_text_is_lowered_only_after_0x(written: str, canonical: str | None) -> None:
    """Texts whose letter case may mean something stay as they are."""
    assert canonical_proof_value(written) == (written if canonical is None else canonical)


def test_usual_spellings_are_searched_for() -> None:
    """Upper case after `0x`, and the other way to write v, are looked up."""
    spellings = proof_value_spellings(f"0x{NUMBERS}1b")
    digits = [f"{NUMBERS}1b", f"{NUMBERS}00"]
    assert set(spellings) == {"0x" + cased for d in digits for cased in (d, d.upper())}
