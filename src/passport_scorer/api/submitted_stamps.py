"""Stamps as they are sent: the JSON text is kept as it is, and what is needed is read from it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from passport_scorer.api.parsing import decode_json
from passport_scorer.api.public.score_response import V2ScoreResponse
from passport_scorer.db.stamp_store_queries import LiveStamp
from passport_scorer.domain.submitted_stamps import Entry, SubmittedStamp


class SentStamp(msgspec.Struct, frozen=True):
    """What is read from a credential that is sent; anything else may stand there."""

    subject: Any = msgspec.field(name="credentialSubject", default=None)
    proof: Any = None
    issuance_date: Any = msgspec.field(name="issuanceDate", default=None)
    expiration_date: Any = msgspec.field(name="expirationDate", default=None)


class StampEntry(msgspec.Struct, frozen=True):
    """An entry of a bulk call.

    Attributes:
        provider: whose live stamp is replaced or deleted.
        stamp: the credential to store; null or nothing: only delete.
        address: ignored; the address is that of the access token.
    """

    provider: str
    stamp: dict[str, Any] | None = None
    address: str | None = None


class ShownLiveStamp(msgspec.Struct, frozen=True):
    """A stamp as the stamp store shows it.

    Attributes:
        id: of its row.
        address: whose it is.
        provider: what it attests.
        stamp: the credential.
    """

    id: int
    address: str
    provider: str
    stamp: msgspec.Raw


class StampsResponse(msgspec.Struct, frozen=True):
    """The live stamps of an address, newest first."""

    success: bool
    stamps: list[ShownLiveStamp]


class StampsAndScoreResponse(msgspec.Struct, frozen=True):
    """The live stamps of an address, newest first, and its score."""

    success: bool
    stamps: list[ShownLiveStamp]
    score: V2ScoreResponse


def shown(stamps: list[LiveStamp]) -> list[ShownLiveStamp]:
    """Return stamps as answers show them."""
    return [
        ShownLiveStamp(stamp.id, stamp.address, stamp.provider, msgspec.Raw(stamp.stamp.encode()))
        for stamp in stamps
    ]


def read_entries(sent: list[msgspec.Raw]) -> list[Entry]:
    """Read the entries of a bulk call.

    Raises:
        InvalidRequest: an entry has another shape.
    """
    return [_entry(decode_json(bytes(entry), _RawEntry)) for entry in sent]


def read_stamp(document: msgspec.Raw) -> SubmittedStamp:
    """Read what is needed of a credential.

    Raises:
        InvalidRequest: it is no JSON object.
    """
    stamp = decode_json(bytes(document), SentStamp)
    return SubmittedStamp(
        document=bytes(document).decode(),
        provider=_text(stamp.subject, "provider"),
        proof_value=_text(stamp.proof, "proofValue"),
        issuance_date=_time(stamp.issuance_date),
        expiration_date=_time(stamp.expiration_date),
    )


class _RawEntry(msgspec.Struct, frozen=True):
    provider: str
    stamp: msgspec.Raw = msgspec.Raw(b"null")


def _entry(sent: _RawEntry) -> Entry:
    if bytes(sent.stamp) == b"null":
        return Entry(sent.provider)
    return Entry(sent.provider, read_stamp(sent.stamp))


def _text(parent: object, name: str) -> str | None:
    value = parent.get(name) if isinstance(parent, dict) else None
    return value if isinstance(value, str) else None


def _time(value: object) -> datetime | None:
    """A time that a column can hold; None for anything else: only verification is strict."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
