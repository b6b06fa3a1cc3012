"""Last in, first out: a nullifier counts for one address in a community at a time.

A stamp *clashes* if one of its nullifiers has a live link to another address; otherwise it is
*kept*. Each kept stamp claims its nullifiers; then each clashing stamp's unlinked nullifiers
are given to the owner of its first clashing nullifier, so that a rotated nullifier can't be
claimed on its own (**backfill**).

Every stamp is compared with the links that exist when the address is scored, claims come before
backfills, and a nullifier that two kept stamps share stays claimed until the later of them
expires. So the kept stamps don't depend on the order of the stamps, and scoring again changes
nothing. (An unlinked nullifier of two clashing stamps goes with the first of them.)

Source: docs/rules/deduplication.md, "Claims", "Clashes" and "Backfill".
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from passport_scorer.domain.stamps import Stamp


class Link(msgspec.Struct, frozen=True, gc=False):
    """A nullifier belongs to an address until a time (aware); the link is live until then."""

    nullifier: str
    address: str
    expires_at: datetime


class LinkChange(msgspec.Struct, frozen=True, gc=False):
    """A link to write.

    Attributes:
        link: the link after the change.
        is_claim: True if the address counts a stamp because of it: if another address claims the
            nullifier first, that is a write conflict. A backfill that comes too late is harmless.
    """

    link: Link
    is_claim: bool


class Clash(msgspec.Struct, frozen=True):
    """A stamp that scores nothing, because another address has claimed one of its nullifiers."""

    stamp: Stamp
    owner: Link


class Deduplication(msgspec.Struct, frozen=True):
    """The stamps that are kept, those that clash, and the links to write."""

    kept: tuple[Stamp, ...]
    clashes: tuple[Clash, ...]
    changes: tuple[LinkChange, ...]


def deduplicate(
    stamps: Sequence[Stamp], address: str, links: Mapping[str, Link], now: datetime
) -> Deduplication:
    """Decide which stamps of an address are kept in a community, and how the links change.

    Args:
        stamps: the valid stamps, one for each provider.
        address: their owner, in lower case.
        links: nullifier -> link, the community's links of all nullifiers of the stamps.
        now: aware; a link that ends at or before this has expired.
    """
    kept: list[Stamp] = []
    clashes: list[Clash] = []
    for stamp in stamps:
        owner = _first_clash(stamp, address, links, now)
        if owner:
            clashes.append(Clash(stamp, owner))
        else:
            kept.append(stamp)
    claims = _claims(kept, address)
    backfills = _backfills(clashes, claims, links, now)
    changes = [*_changes(claims, links, is_claim=True), *_changes(backfills, links, is_claim=False)]
    return Deduplication(tuple(kept), tuple(clashes), tuple(changes))


def _changes(
    wanted: Mapping[str, Link], links: Mapping[str, Link], *, is_claim: bool
) -> Iterable[LinkChange]:
    return (
        LinkChange(link, is_claim)
        for nullifier, link in wanted.items()
        if link != links.get(nullifier)
    )


def _first_clash(
    stamp: Stamp, address: str, links: Mapping[str, Link], now: datetime
) -> Link | None:
    for nullifier in stamp.nullifiers:
        link = links.get(nullifier)
        if link and link.address != address and link.expires_at > now:
            return link
    return None


def _claims(kept: Iterable[Stamp], address: str) -> dict[str, Link]:
    claims: dict[str, Link] = {}
    for stamp in kept:
        for nullifier in stamp.nullifiers:
            claim = claims.get(nullifier)
            if not claim or claim.expires_at < stamp.expires_at:
                claims[nullifier] = Link(nullifier, address, stamp.expires_at)
    return claims


def _backfills(
    clashes: Iterable[Clash],
    claims: Mapping[str, Link],
    links: Mapping[str, Link],
    now: datetime,
) -> dict[str, Link]:
    backfills: dict[str, Link] = {}
    for clash in clashes:
        for nullifier in clash.stamp.nullifiers:
            link = claims.get(nullifier) or backfills.get(nullifier) or links.get(nullifier)
            if link is None or link.expires_at <= now:
                backfills[nullifier] = Link(nullifier, clash.owner.address, clash.owner.expires_at)
    return backfills
