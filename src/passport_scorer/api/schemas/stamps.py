"""Submitted stamps: their JSON text is stored unchanged; the needed fields are read from it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from passport_scorer.api.http.errors import InvalidRequest, Problem
from passport_scorer.api.http.requests import decode_json
from passport_scorer.api.operations.examples import CREDENTIALS, OWNER_ADDRESS
from passport_scorer.api.schemas.score import V2ScoreResponse
from passport_scorer.credentials.errors import DocumentUnreadable
from passport_scorer.credentials.stored_form import read_storable
from passport_scorer.domain.bounded_types import StorableText
from passport_scorer.domain.stamps import LiveStamp
from passport_scorer.domain.submissions import Entry, SubmittedStamp, UnusableEntry

_NOTHING = re.compile(rb"null|\{[ \t\n\r]*\}")


class StampEntry(msgspec.Struct, frozen=True):
    """An entry of a bulk request.

    Attributes:
        provider: the provider whose live stamp is replaced or deleted.
        stamp: the credential to store; if null, omitted or an empty object, the entry only deletes.
        address: ignored; the address of the access token is used.
    """

    provider: StorableText
    stamp: dict[str, Any] | None = None
    address: Any = None


class ShownLiveStamp(msgspec.Struct, frozen=True):
    """A stamp in the stamp store.

    Attributes:
        id: the ID of its row; newer stamps have higher IDs.
        address: the address of the owner, in lower case.
        provider: the provider, which says what the stamp attests.
        stamp: the credential exactly as it was sent.
    """

    id: int
    address: str
    provider: str
    stamp: msgspec.Raw


class StampsResponse(msgspec.Struct, frozen=True):
    """The live stamps of an address.

    Attributes:
        success: always true.
        stamps: the live, unrevoked stamps, newest first.
    """

    success: bool
    stamps: list[ShownLiveStamp]


class StampsAndScoreResponse(msgspec.Struct, frozen=True):
    """The live stamps of an address and its score.

    Attributes:
        success: always true.
        stamps: the live, unrevoked stamps, newest first.
        score: the score with these stamps.
    """

    success: bool
    stamps: list[ShownLiveStamp]
    score: V2ScoreResponse


def example_stamps() -> tuple[ShownLiveStamp, ShownLiveStamp]:
    """Return two stamps of an owner, newest first, for the OpenAPI document."""
    return (
        ShownLiveStamp(25, OWNER_ADDRESS, "Google", CREDENTIALS.google),
        ShownLiveStamp(24, OWNER_ADDRESS, "Ens", CREDENTIALS.ens),
    )


def shown(stamps: list[LiveStamp]) -> list[ShownLiveStamp]:
    """Return stamps as responses show them."""
    return [
        ShownLiveStamp(
            stamp.id, stamp.address, stamp.provider, msgspec.Raw(stamp.document.encode())
        )
        for stamp in stamps
    ]


def read_entries(sent: list[msgspec.Raw]) -> list[Entry]:
    """Read the entries of a bulk request.

    Raises:
        InvalidRequest: an entry has the wrong shape; the error names its position.
        UnusableEntry: a stamp is out of bounds.
    """
    return [_entry(place, _read_entry(place, entry)) for place, entry in enumerate(sent, 1)]


def read_providers(sent: list[msgspec.Raw]) -> list[str]:
    """Read only the providers of entries; their stamps are ignored.

    Raises:
        InvalidRequest: an entry has the wrong shape; the error names its position.
    """
    return [_read_entry(place, entry).provider for place, entry in enumerate(sent, 1)]


def read_stamp(place: int, document: msgspec.Raw, loc: list[str | int]) -> SubmittedStamp:
    """Read the needed fields of a credential.

    Args:
        place: the position of its entry, starting at 1, for the error.
        document: JSON text.
        loc: its path in the request, for the error.

    Raises:
        InvalidRequest: it is not a JSON object.
        UnusableEntry: it exceeds the bounds of verification.
    """
    text = bytes(document)
    if not text.startswith(b"{"):
        problem = Problem("json_invalid", loc, f"Entry {place}: a stamp must be a JSON object.")
        raise InvalidRequest(problem)
    try:
        stamp, stored = read_storable(text)
    except DocumentUnreadable as error:
        raise UnusableEntry(f"Entry {place}: {error.message}") from error
    return SubmittedStamp(
        document=text.decode(),
        stored_document=stored,
        provider=_text(stamp.get("credentialSubject"), "provider"),
        proof_value=_text(stamp.get("proof"), "proofValue"),
        issuance_date=_time(stamp.get("issuanceDate")),
        expiration_date=_time(stamp.get("expirationDate")),
    )


class _RawEntry(msgspec.Struct, frozen=True):
    provider: str
    stamp: msgspec.Raw = msgspec.Raw(b"null")


def _read_entry(place: int, sent: msgspec.Raw) -> _RawEntry:
    text = bytes(sent)
    try:
        entry: _RawEntry = decode_json(text, _RawEntry)
    except InvalidRequest as error:
        # In an object, only the provider can have the wrong shape.
        member = ["provider"] if text.startswith(b"{") else []
        problem = error.problem
        raise InvalidRequest(
            Problem(problem.type, ["body", place - 1, *member], f"Entry {place}: {problem.msg}")
        ) from error
    return entry


def _entry(place: int, sent: _RawEntry) -> Entry:
    if _NOTHING.fullmatch(bytes(sent.stamp)):
        return Entry(sent.provider)
    return Entry(sent.provider, read_stamp(place, sent.stamp, ["body", place - 1, "stamp"]))


def _text(parent: object, name: str) -> str | None:
    value = parent.get(name) if isinstance(parent, dict) else None
    return value if isinstance(value, str) else None


def _time(value: object) -> datetime | None:
    """Return a time that a column can hold, else None; only verification is strict."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
