"""The messages of errors."""

from passport_scorer.domain.errors import PassportScorerError


class TooEarly(PassportScorerError):
    """It is too early.

    This is for those who read the code.
    """

    code = "too_early"


def test_the_sentence_is_the_docstrings_first_line_unless_told() -> None:
    """An error says the first line of its docstring, or the sentence that it was given."""
    assert (TooEarly().message, TooEarly("Not before noon.").message) == (
        "It is too early.",
        "Not before noon.",
    )
