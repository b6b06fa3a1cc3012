"""Plain types around `load_scores`: its requests and its results."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from passport_scorer.domain.api_key import ApiKey
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.human_points import PointsState


class ScoringRequest(msgspec.Struct, frozen=True, gc=False):
    """One (address, community) pair to load.

    Attributes:
        address: in lower case; None to load only the API key.
        community_id: for callers that can score any community.
        key_prefix: for partners: the prefix of their API key.
        key_hash: for partners: the hash of the presented key, as it could be stored; only the key
            is loaded unless the hash is one of the key's.
        external_scorer_id: the scorer id exactly as the partner wrote it.
        scorer_id: the same as a number, if it is an integer.
    """

    address: str | None
    community_id: int | None = None
    key_prefix: str | None = None
    external_scorer_id: str | None = None
    scorer_id: int | None = None
    key_hash: str | None = None


class CachedVersions(msgspec.Struct, frozen=True, gc=False):
    """The versions that the caller has cached, as ETags in `If-None-Match`.

    The database returns only what has another version now.

    Attributes:
        scorer: the version of the community's scorer; None if it is not cached.
        stamps: the version of the stamps and registered stamps of the address; None if not cached.
        links: the version of the links of `nullifiers`; None if not cached.
        nullifiers: the nullifiers of the stamps.
    """

    scorer: str | None = None
    stamps: str | None = None
    links: str | None = None
    nullifiers: tuple[str, ...] = ()


class LoadedScorer(msgspec.Struct, frozen=True, gc=False):
    """The scorer of a community.

    Attributes:
        version: of its rows; None if the community has no scorer.
        weights: JSON text; None if the cached version is current.
        dynamic_weights: JSON text of the customization's weights; None if there are none.
        threshold: None if the community has no usable scorer.
        human_points_program: True if the community takes part.
    """

    version: str | None
    weights: str | None
    dynamic_weights: str | None
    threshold: Decimal | None
    human_points_program: bool


class LoadedStamp(msgspec.Struct, frozen=True, gc=False):
    """A live, unrevoked stamp of the address.

    Attributes:
        row_id: `ceramic_cache_ceramiccache.id`.
        row_version: changes whenever the row does.
        provider: the provider that the row is stored under.
        document: JSON text of the credential; None if it is too long to be read.
        registered_id: the `registry_stamp` row of the passport with the same credential, or None.
    """

    row_id: int
    row_version: str
    provider: str
    document: str | None
    registered_id: int | None


class LoadedStamps(msgspec.Struct, frozen=True):
    """The stamps of an address.

    Attributes:
        version: of these rows.
        stamps: one for each provider.
        registered: ids of all the `registry_stamp` rows of the passport.
        has_other_proofs: a document's proof value is not that of its row: the version does not
            tell when it is revoked, so the stamps must not be cached.
    """

    version: str = ""
    stamps: tuple[LoadedStamp, ...] = ()
    registered: tuple[int, ...] = ()
    has_other_proofs: bool = False


class LoadedLinks(msgspec.Struct, frozen=True):
    """The community's links of the nullifiers of the stamps, and perhaps of others.

    Attributes:
        version: of these rows.
        by_nullifier: nullifier -> link.
    """

    version: str
    by_nullifier: dict[str, Link]


class LoadedScore(msgspec.Struct, frozen=True):
    """The data that one score depends on.

    Attributes:
        key: the API key with the requested prefix; None if it does not exist.
        community_id: None if the community does not exist or the caller is not allowed to see it.
        scorer: the scorer of the community.
        passport_id: None if the address has no passport in the community.
        score_id: None if it was never scored.
        score_version: changes with the score row; None if it was never scored.
        is_large: the stamps take so much memory that they must be loaded alone; they are not here.
        stamps: None if the cached version is current, or there are none.
        links: None if the cached version is current.
        points: None if the community does not take part in Human Points, or they weren't asked for.
    """

    key: ApiKey | None
    community_id: int | None
    scorer: LoadedScorer
    passport_id: int | None
    score_id: int | None
    score_version: str | None
    is_large: bool
    stamps: LoadedStamps | None
    links: LoadedLinks | None
    points: PointsState | None
