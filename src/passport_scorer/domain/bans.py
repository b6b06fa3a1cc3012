"""The ban, if any, of a credential.

Source: docs/rules/revocation.md, "Bans".
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from passport_scorer.domain.errors import PassportScorerError


class NoCredentials(PassportScorerError):
    """Must provide valid credential(s)"""

    code = "no_credentials"


class SeveralAddresses(PassportScorerError):
    """All credentials must be issued to the same address"""

    code = "several_addresses"


class Subject(msgspec.Struct, frozen=True, gc=False):
    """The claims of a credential that a ban can name.

    Attributes:
        id: the DID of the subject; its last `:`-part is the address.
        provider: the provider that it attests; None or empty: no ban names it.
        hash: its nullifier; None or empty: no ban names it.
    """

    id: str | None
    provider: str | None
    hash: str | None


class Ban(msgspec.Struct, frozen=True, gc=False):
    """A row of `ceramic_cache_ban`; an empty text means no value.

    Attributes:
        id: bans apply in the order of their ids.
        type: `account`, `hash` or `single_stamp`; a ban of any other type matches nothing.
        address: the target of an `account` or `single_stamp` ban, in any letter case.
        provider: the provider of the stamp that a `single_stamp` ban targets.
        hash: the target of a `hash` ban.
        end_time: aware; when the ban ends. None: it never ends.
        reason: a text for users.
    """

    id: int
    type: str
    address: str
    provider: str
    hash: str
    end_time: datetime | None
    reason: str | None


def banned_address(subjects: Sequence[Subject]) -> str:
    """Return the one address, in lower case, that all these credentials are about.

    Raises:
        NoCredentials: no credential, or one without an id.
        SeveralAddresses: two of them have different ids.
    """
    ids = {(subject.id or "").lower() for subject in subjects}
    if not ids or "" in ids:
        raise NoCredentials
    if len(ids) > 1:
        raise SeveralAddresses
    return ids.pop().rpartition(":")[2]


def first_bans(
    subjects: Iterable[Subject], address: str, bans: Iterable[Ban], now: datetime
) -> list[Ban | None]:
    """Return for each credential the ban that applies, or None.

    Args:
        subjects: the credentials.
        address: their subject, in lower case.
        bans: all bans that could apply, in any order.
        now: aware.
    """
    first: dict[tuple[str, str], Ban] = {}
    for ban in sorted(bans, key=lambda ban: ban.id):
        target = _target(ban, address, now)
        if target:
            first.setdefault(target, ban)
    return [_first_on(subject, first) for subject in subjects]


def _target(ban: Ban, address: str, now: datetime) -> tuple[str, str] | None:
    """Return the target of a ban; None if it is not of this address, or the ban has ended."""
    if ban.end_time is not None and ban.end_time <= now:
        return None
    if ban.type == "hash":
        return ("hash", ban.hash) if ban.hash else None
    if not address or ban.address.lower() != address:
        return None
    if ban.type == "account":
        return None if ban.provider else ("account", "")
    if ban.type == "single_stamp":
        return ("single_stamp", ban.provider) if ban.provider else None
    return None


def _first_on(subject: Subject, first: dict[tuple[str, str], Ban]) -> Ban | None:
    targets = [
        ("account", ""),
        ("hash", subject.hash or ""),
        ("single_stamp", subject.provider or ""),
    ]
    bans = [first[target] for target in targets if target in first]
    return min(bans, key=lambda ban: ban.id, default=None)
