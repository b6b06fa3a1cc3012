"""What somebody submits to the stamp store, and when it is taken.

Source: specification, http.md ("The stamp store").
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

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


class SubmittedStamp(msgspec.Struct, frozen=True):
    """A credential that is to be stored, as it was sent.

    Attributes:
        document: its JSON text.
        provider: `credentialSubject.provider`; None or empty if it names none.
        proof_value: `proof.proofValue`; None if there is none.
        issuance_date: aware; None if there is none that can be read.
        expiration_date: the same.
    """

    document: str
    provider: str | None
    proof_value: str | None
    issuance_date: datetime | None
    expiration_date: datetime | None


class Entry(msgspec.Struct, frozen=True):
    """One entry: the live stamp of the provider goes, and the new one, if there is one, comes."""

    provider: str
    stamp: SubmittedStamp | None = None


def check_number(entries: Sequence[object]) -> None:
    """Refuse more entries than are taken at once.

    Raises:
        TooManyStamps: there are more than 100.
    """
    if len(entries) > MOST_ENTRIES:
        raise TooManyStamps


def check_live_stamps(live: int, deleted: int, stored: int, most: int) -> None:
    """Refuse a change that gives an address more stamps than it may have.

    An address that has too many already, as others may have stored them, can replace and delete.

    Args:
        live: stamps before the change.
        deleted: how many of them the change deletes.
        stored: how many it adds.
        most: live stamps that an address may have.

    Raises:
        TooManyLiveStamps: there would be more than that.
    """
    if stored > deleted and live - deleted + stored > most:
        raise TooManyLiveStamps(f"An address may have at most {most} stamps.")


def check_entries(entries: Iterable[Entry]) -> None:
    """Refuse entries that can't be stored; an entry is named by its place, from 1 on.

    Raises:
        UnusableEntry: a provider occurs twice or is too long; a stamp names another provider, or
            has no `proof.proofValue`. One that names none is taken: it doesn't count, but clients
            of existing deployments send such.
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
        return "the provider is no name of one."
    if entry.stamp is None:
        return None
    if entry.stamp.provider and entry.stamp.provider != entry.provider:
        return "the stamp is of another provider."
    if not entry.stamp.proof_value or not is_storable(entry.stamp.proof_value):
        return "the stamp has no proof.proofValue that can be stored."
    return None
