"""Every error that the service can respond with is explained."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest

from passport_scorer.api.applications import internal_document, public_document
from passport_scorer.api.http.error_help import ERRORS, STATUSES, help_target
from passport_scorer.aws_lambda.events import UnknownEvent, UnreadableBody
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.server.http_exchange import REASONS

NOT_RAISED = {  # the server or the framework responds by itself
    *("method_not_allowed", "invalid_http_request", "no_clear_host", "not_in_time"),
}


def classes(of: type[PassportScorerError] = PassportScorerError) -> Iterator[type]:
    """All classes of errors."""
    for each in of.__subclasses__():
        yield each
        yield from classes(each)


def matches(sentence: str, entry: str) -> bool:
    """Return whether a sentence of the table matches this one."""
    start, gap, end = entry.partition("…")
    if not gap:
        return sentence == entry
    return sentence.startswith(start) and sentence.endswith(end.rpartition("…")[2])


def test_every_error_of_the_documents_is_explained() -> None:
    """The sentence of each documented error is in the table, with the same status."""
    for document in (public_document(), internal_document()):
        for path, item in document["paths"].items():
            for operation in item.values():
                for status, answer in operation["responses"].items():
                    if int(status) < 400:
                        continue
                    detail = answer["content"]["application/json"]["example"].detail
                    sentences = [
                        text
                        for entry in ERRORS.values()
                        if entry.status == int(status)
                        for text in entry.sentences
                    ]
                    said = detail if isinstance(detail, str) else "…"
                    assert any(matches(said, each) for each in sentences), (path, status, said)
                    assert "Link" in answer["headers"]


def test_every_code_with_a_status_is_one_of_an_error() -> None:
    """Every row belongs to an existing error, and has the sentence of its class."""
    sentences: dict[str, set[str]] = {}
    for each in classes():
        sentence = (each.__doc__ or "").partition("\n")[0]
        sentences.setdefault(each.code, set()).add(sentence)  # type: ignore[attr-defined]
    assert STATUSES.keys() - sentences.keys() == NOT_RAISED
    own = {"unusable_entry", "too_many_live_stamps", "no_score_found", "invalid_request"}
    for code in ERRORS.keys() - NOT_RAISED - own:
        assert sentences[code] & set(ERRORS[code].sentences), code


def test_what_the_server_says_is_explained() -> None:
    """This includes requests that are rejected before an application sees them."""
    for status, sentence in REASONS.items():
        assert [e for e in ERRORS.values() if e.status == status and sentence in e.sentences]
    for error in (UnknownEvent, UnreadableBody):
        assert error().message in ERRORS[error.code].sentences


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_an_entry_is_whole(code: str) -> None:
    """A row has an error status, a meaning and a remedy; its code can be an anchor."""
    entry = ERRORS[code]
    assert (entry.code, code.isidentifier()) == (code, True)
    assert HTTPStatus(entry.status).value >= 400
    for text in (entry.meaning, entry.remedy):
        assert text.endswith((".", "?"))
        assert text.count("`") % 2 == 0
    assert help_target("/a", entry.status, code) == f"/a/errors#{code}"


@pytest.mark.parametrize(
    ("status", "code", "target"),
    [
        (401, "wrong_secret", "/errors#invalid_api_key"),
        (500, "query_failed", "/errors#internal_error"),
        (500, None, "/errors#internal_error"),
        (404, "invalid_address", "/errors#not_found"),
        (418, None, "/errors"),
    ],
)
def test_errors_without_an_entry(status: int, code: str | None, target: str) -> None:
    """Such an error is explained by its status; internal codes never become anchors."""
    assert help_target("", status, code) == target
