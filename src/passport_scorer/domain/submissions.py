"""Submissions to the stamp store, and which of them are accepted.

Source: docs/rules/stamp-store.md, "Entries".
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import IntEnum

import msgspec

from passport_scorer.domain.bounded_types import is_storable
from passport_scorer.domain.errors import PassportScorerError

MOST_ENTRIES = 100


class TooManyStamps(PassportScorerError):
    """You have submitted too many stamps."""

    code = "too_many_stamps"


class TooManyLiveStamps(PassportScorerError):
    """The address would have too many stamps."""

    code = "too_many_live_stamps"


class UnusableEntry(PassportScorerError):
    """An entry can't be stored."""

    code = "unusable_entry"


class NoStampToDelete(PassportScorerError):
    """Unable to find stamp to delete."""

    code = "no_stamp_to_delete"


class SourceApp(IntEnum):
    """The application that a stamp came from: `ceramic_cache_ceramiccache.source_app`."""

    PASSPORT = 1
    EMBED = 2


class Source(msgspec.Struct, frozen=True):
    """The origin of stamps; with both members None, it is not recorded."""

    app: SourceApp | None = None
    scorer_id: int | None = None


class SubmittedStamp(msgspec.Struct, frozen=True):
    """A credential to store, as it was sent.

    Attributes:
        document: its JSON text.
        stored_document: the same as the database will return it.
        provider: `credentialSubject.provider`; None or empty if it is missing.
        proof_value: `proof.proofValue`; None if it is missing.
        issuance_date: aware; None if it is missing or unreadable.
        expiration_date: the same.
    """

    document: str
    stored_document: str
    provider: str | None
    proof_value: str | None
    issuance_date: datetime | None
    expiration_date: datetime | None


class Entry(msgspec.Struct, frozen=True):
    """One entry: delete the live stamp of the provider, and store the new one if there is one."""

    provider: str
    stamp: SubmittedStamp | None = None


def check_number(entries: Sequence[object]) -> None:
    """Reject more entries than one request can contain.

    Raises:
        TooManyStamps: there are more than 100.
    """
    if len(entries) > MOST_ENTRIES:
        raise TooManyStamps


def check_live_stamps(live: int, deleted: int, stored: int, most: int) -> None:
    """Reject a change that gives an address too many stamps.

    An address that has too many already, stored by another program, can replace and delete.

    Args:
        live: number of stamps before the change.
        deleted: number of stamps that the change deletes.
        stored: number of stamps that it adds.
        most: maximum number of live stamps of an address.

    Raises:
        TooManyLiveStamps: the address would have more than that.
    """
    if stored > deleted and live - deleted + stored > most:
        raise TooManyLiveStamps(f"An address may have at most {most} stamps.")


def check_entries(entries: Iterable[Entry]) -> None:
    """Reject entries that can't be stored; the error names the entry by its position, from 1.

    Raises:
        UnusableEntry: a provider occurs twice or is too long; a stamp names a different provider,
            or has no `proof.proofValue`. A stamp without a provider is accepted: it doesn't count,
            but clients of existing deployments send such stamps.
    """
    seen: set[str] = set()
    for place, entry in enumerate(entries, 1):
        if problem := _problem(entry, seen):
            raise UnusableEntry(f"Entry {place}: {problem}")
        seen.add(entry.provider)


def _problem(entry: Entry, seen: set[str]) -> str | None:
    if entry.provider in seen:
        return "the provider occurs twice."
    if not is_storable(entry.provider):
        return "invalid provider name."
    if entry.stamp is None:
        return None
    if entry.stamp.provider and entry.stamp.provider != entry.provider:
        return "the stamp belongs to a different provider."
    if not entry.stamp.proof_value or not is_storable(entry.stamp.proof_value):
        return "proof.proofValue is missing or cannot be stored."
    return None
