"""What was read before, and needn't be read again while its rows have the same versions.

Bounded; what was asked for longest ago is forgotten first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from passport_scorer.db.queries.scores import KnownVersions, ScoringRequest
from passport_scorer.domain.community import Community
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.scoring import Outcome
from passport_scorer.domain.stamps import ExaminedStamp

_SCORERS = 256  # a service has few of them
_NAMES = 4096  # what partners call them

Owner = TypeVar("Owner", bound=Hashable)
Value = TypeVar("Value")


class Memory(Generic[Owner, Value]):
    """Owner -> value.

    Args:
        capacity: the sum of the sizes of all values at most.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._by_owner: OrderedDict[Owner, tuple[Value, int]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        """Return the sum of the sizes."""
        return self._size

    def of(self, owner: Owner) -> Value | None:
        """Return what is remembered of an owner."""
        if owner not in self._by_owner:
            return None
        self._by_owner.move_to_end(owner)
        return self._by_owner[owner][0]

    def remember(self, owner: Owner, value: Value, size: int = 1) -> None:
        """Replace what is remembered of an owner."""
        self.forget(owner)
        self._by_owner[owner] = value, size
        self._size += size
        while self._size > self._capacity:
            self.forget(next(iter(self._by_owner)))

    def forget(self, owner: Owner) -> None:
        """Forget what is remembered of an owner, if anything is."""
        _, size = self._by_owner.pop(owner, (None, 0))
        self._size -= size


class CachedPassport(msgspec.Struct, frozen=True):
    """What was read of an address in a community.

    Attributes:
        version: of the rows of its stamps and of its copies.
        stamps: what was found when they were examined.
        copies: ids of all its `registry_stamp` rows.
        nullifiers: all those of its stamps.
        links_version: of the rows of the links.
        links: nullifier -> link, the community's links of them.
    """

    version: str
    stamps: tuple[ExaminedStamp, ...]
    copies: tuple[int, ...]
    nullifiers: tuple[str, ...]
    links_version: str
    links: Mapping[str, Link]


class CachedScorer(msgspec.Struct, frozen=True):
    """The weights of a scorer: provider -> weight."""

    version: str
    weights: Mapping[str, Decimal]


class Known(msgspec.Struct, frozen=True):
    """What is remembered for one request; None: nothing is."""

    passport: CachedPassport | None
    scorer: CachedScorer | None

    def versions(self) -> KnownVersions:
        """Return what the database needs to know of it."""
        scorer = self.scorer.version if self.scorer else None
        passport = self.passport
        if passport is None:
            return KnownVersions(scorer)
        return KnownVersions(scorer, passport.version, passport.links_version, passport.nullifiers)


_NOTHING = Known(None, None)


class ScoringCaches:
    """Passports and scorers that were read before, and what was decided on them.

    Args:
        capacity: how many stamps are remembered at most.
    """

    def __init__(self, capacity: int) -> None:
        self._passports: Memory[tuple[str, int], CachedPassport] = Memory(capacity)
        self._scorers: Memory[int, CachedScorer] = Memory(_SCORERS)
        self._outcomes: Memory[tuple[str, int], Outcome] = Memory(capacity)
        # A community may have another name than its id: an external id. What is remembered of it
        # goes by its id; should a name mean another one now, the versions tell.
        self._names: Memory[Hashable, int] = Memory(_NAMES)

    def __len__(self) -> int:
        """Return how many stamps are remembered."""
        return len(self._passports)

    def of(self, request: ScoringRequest) -> Known:
        """Return what needn't be read for a request."""
        community_id = request.community_id
        if community_id is None:
            community_id = self._names.of(_name(request))
        if community_id is None:
            community_id = request.scorer_id  # `1`, `01`: likely the community's id
        if community_id is None:
            return _NOTHING
        passport = None
        if request.address is not None:
            passport = self._passports.of((request.address, community_id))
        return Known(passport, self._scorers.of(community_id))

    def keep_name(self, request: ScoringRequest, community_id: int) -> None:
        """Remember which community a request has named."""
        if request.community_id is not None:
            return
        if community_id == request.scorer_id:
            self._names.forget(_name(request))
        else:
            self._names.remember(_name(request), community_id)

    def keep_passport(self, address: str, community_id: int, passport: CachedPassport) -> None:
        """Remember the passport of an address in a community."""
        self._passports.remember((address, community_id), passport, _size(passport.stamps))

    def keep_scorer(self, community_id: int, scorer: CachedScorer) -> None:
        """Remember the scorer of a community."""
        self._scorers.remember(community_id, scorer)

    def outcome(
        self, address: str, community: Community, passport: CachedPassport
    ) -> Outcome | None:
        """Return what was decided on just this; None if nothing was."""
        outcome = self._outcomes.of((address, community.id))
        if outcome is None:
            return None
        snapshot = outcome.snapshot
        is_the_same = (
            snapshot.stamps is passport.stamps
            and snapshot.links is passport.links
            and snapshot.passport.copies is passport.copies
            and snapshot.community == community
        )
        return outcome if is_the_same else None

    def keep_outcome(self, outcome: Outcome) -> None:
        """Remember what was decided, if it changes nothing but the score: it may be so again."""
        if outcome.is_reused:
            return  # it is remembered
        snapshot = outcome.snapshot
        if outcome.link_changes or outcome.stamps_to_copy or outcome.copies_to_delete:
            return
        alone = msgspec.structs.replace(
            outcome, snapshot=msgspec.structs.replace(snapshot, earlier=None)
        )
        owner = snapshot.address, snapshot.community.id
        self._outcomes.remember(owner, alone, _size(snapshot.stamps))


def _size(stamps: tuple[ExaminedStamp, ...]) -> int:
    return max(1, len(stamps))


def _name(request: ScoringRequest) -> Hashable:
    return request.key_prefix, request.external_scorer_id, request.scorer_id
