"""Plain types around `load_scores` and `touch_scores`: their requests and results."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from passport_scorer.domain.api_key import ApiKey
from passport_scorer.domain.deduplication import Link
from passport_scorer.domain.human_points import PointsState
from passport_scorer.domain.scoring import Versions


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


class LoadedScorer(msgspec.Struct, frozen=True, gc=False):
    """The scorer of a community.

    Attributes:
        version: of its rows and the community's; None if the community has no scorer.
        weights: JSON text; None if the community has no usable scorer.
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
        has_copy: True if exactly this text is registered for the address, in any community: a
            scorer has verified it.
    """

    row_id: int
    row_version: str
    provider: str
    document: str | None
    registered_id: int | None
    has_copy: bool


class LoadedStamps(msgspec.Struct, frozen=True):
    """The stamps of an address.

    Attributes:
        version: of these rows, and the registered ones.
        stamps: one for each provider.
        registered: ids of all the `registry_stamp` rows of the passport.
        is_revocable: a revocation can concern them, or could without changing the version: a
            score of these stamps must not be cached.
    """

    version: str = ""
    stamps: tuple[LoadedStamp, ...] = ()
    registered: tuple[int, ...] = ()
    is_revocable: bool = False


class LoadedLink(msgspec.Struct, frozen=True, gc=False):
    """A link and its row.

    Attributes:
        id: `registry_hashscorerlink.id`.
        version: changes whenever the row does.
        link: what it says.
    """

    id: int
    version: str
    link: Link


class LoadedScore(msgspec.Struct, frozen=True):
    """The data that one score depends on.

    Attributes:
        key: the API key with the requested prefix; None if it does not exist.
        key_version: changes whenever the row of the key does.
        community_id: None if the community does not exist or the caller is not allowed to see it.
        scorer: the scorer of the community.
        passport_id: None if the address has no passport in the community.
        score_id: None if it was never scored.
        score_version: changes with the score row; None if it was never scored.
        is_large: the stamps take so much memory that they must be loaded alone; they are not here.
        stamps: the stamps of the address.
        links: nullifier -> the community's link, of the nullifiers of the stamps, and perhaps of
            others.
        points: None if the community does not take part in Human Points, or they weren't asked for.
    """

    key: ApiKey | None
    key_version: str | None
    community_id: int | None
    scorer: LoadedScorer
    passport_id: int | None
    score_id: int | None
    score_version: str | None
    is_large: bool
    stamps: LoadedStamps
    links: Mapping[str, LoadedLink]
    points: PointsState | None


class Touch(msgspec.Struct, frozen=True, gc=False):
    """A score to touch, if everything that it depends on is unchanged.

    Attributes:
        address: in lower case.
        community_id: the community that the request named when the score was decided.
        versions: what it depends on.
        content: the hash of its row.
        expires_at_shown: when it expires, as its event shows it; None without stamps.
        key_prefix: for partners: the prefix of their API key.
        key_version: for partners: the version of the key that was checked.
        external_scorer_id: the scorer id exactly as the partner wrote it.
    """

    address: str
    community_id: int
    versions: Versions
    content: int
    expires_at_shown: str | None
    key_prefix: str | None = None
    key_version: str | None = None
    external_scorer_id: str | None = None
