"""Example parameters for the statements of requests; they find rows.

Statements that take sets are run with a set of one and with a large one. A plan for these very
parameters depends on how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from passport_scorer.db.queries.bans import find_bans, find_revoked_proof_values
from passport_scorer.db.queries.contributions import sum_contributions
from passport_scorer.db.queries.customization import find_ruleset, is_list_member
from passport_scorer.db.queries.embed import find_embed_api_key, find_embed_config, find_weights
from passport_scorer.db.queries.health import ping
from passport_scorer.db.queries.loaded_scores import CachedVersions, ScoringRequest
from passport_scorer.db.queries.nonces import insert_nonce, use_nonce
from passport_scorer.db.queries.partners import (
    find_api_key,
    find_historical_score,
    find_stamps_page,
    store_sha256_hash,
)
from passport_scorer.db.queries.read_scoring import ReadScoringParameters, read_parameters
from passport_scorer.db.queries.scores import MAX_BATCH_SIZE, LockScoresParameters
from passport_scorer.db.queries.stakes import find_legacy_stakes, find_stakes
from passport_scorer.db.queries.stamps import (
    AddressParameters,
    LiveStampsParameters,
    StoredScoreParameters,
    StoreStampsParameters,
)
from passport_scorer.db.queries.usage import (
    allocate_usage_ids,
    insert_usage,
    insert_usage_without_ids,
)
from passport_scorer.db.queries.write_scoring import WriteScoringParameters
from passport_scorer.db.statement import NoParameters, Parameters, Query, Row, Statements
from passport_scorer.domain.pagination import START, Cursor
from passport_scorer.domain.proof_values import proof_value_spellings
from passport_scorer.domain.usage import Usage
from passport_scorer.ethereum.did import address_spellings

_NOW = datetime.now(UTC)
KEY_HASH = "hash"  # of every key
_PEOPLE = """
    SELECT
        passport.address,
        passport.id AS passport_id,
        score.id AS score_id,
        score.xmin::text AS score_version,
        stamp.ids AS row_ids,
        stamp.versions AS row_versions,
        stamp.providers,
        stamp.proof_values,
        stamp.nullifiers,
        registered.ids AS registered_ids,
        registered.versions AS registered_versions
    FROM registry_passport AS passport
    JOIN registry_score AS score ON score.passport_id = passport.id
    CROSS JOIN LATERAL (
        SELECT
            array_agg(id ORDER BY provider) AS ids,
            array_agg(xmin::text ORDER BY provider) AS versions,
            array_agg(provider::text ORDER BY provider) AS providers,
            array_agg(proof_value::text ORDER BY provider) AS proof_values,
            array_agg(stamp #>> '{credentialSubject,nullifiers,0}' ORDER BY provider) AS nullifiers
        FROM ceramic_cache_ceramiccache
        WHERE address = passport.address AND deleted_at IS NULL
    ) AS stamp
    CROSS JOIN LATERAL (
        SELECT
            array_agg(id ORDER BY provider) AS ids,
            array_agg(xmin::text ORDER BY provider) AS versions
        FROM registry_stamp
        WHERE passport_id = passport.id
    ) AS registered
    WHERE passport.community_id = 1
    ORDER BY passport.id
    LIMIT $1
"""


Call = Callable[[Statements], Coroutine[Any, Any, object]]


class _Recorded(Exception):
    """The parameters that a typed function runs its statement with."""

    def __init__(self, parameters: msgspec.Struct) -> None:
        self.parameters = parameters


class _Recorder:
    """Runs nothing."""

    async def fetch(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        raise _Recorded(parameters)

    read = fetch


def parameters_of(call: Call) -> msgspec.Struct:
    """Return the parameters with which a typed function runs its statement."""
    try:
        call(_Recorder()).send(None)
    except _Recorded as recorded:
        return recorded.parameters
    raise AssertionError("no statement was run")


def _calls(*calls: Call) -> list[msgspec.Struct]:
    return [parameters_of(call) for call in calls]


class Person(msgspec.Struct, frozen=True):
    """What there is of an address in community 1; lists are parallel, by provider."""

    address: str
    passport_id: int
    score_id: int
    score_version: str
    row_ids: list[int]
    row_versions: list[str]
    providers: list[str]
    proof_values: list[str]
    nullifiers: list[str]
    registered_ids: list[int]
    registered_versions: list[str]

    def cached(self) -> CachedVersions:
        """Return the versions of a process that has cached the stamps."""
        stamps, registered = (
            " ".join(f"{row_id}:{version}" for row_id, version in zip(ids, versions, strict=True))
            for ids, versions in (
                (self.row_ids, self.row_versions),
                (self.registered_ids, self.registered_versions),
            )
        )
        return CachedVersions(stamps=f"{stamps}/{registered}", nullifiers=tuple(self.nullifiers))


async def people(connection: Any) -> list[Person]:
    """Return people for the largest batch."""
    return [Person(**dict(row)) for row in await connection.fetch(_PEOPLE, MAX_BATCH_SIZE)]


def _read_scoring(persons: Sequence[Person]) -> list[ReadScoringParameters]:
    """A partner's key alone; stamps that are not cached, and those that are."""
    key = ScoringRequest(None, key_prefix="key1")
    partner = [
        ScoringRequest(each.address, None, "key1", "external1", 1, KEY_HASH) for each in persons
    ]
    internal = [ScoringRequest(each.address, community_id=1) for each in persons]
    nothing = [CachedVersions() for _ in persons]
    cached = [each.cached() for each in persons]
    return [
        read_parameters([key], [CachedVersions()]),
        *(
            read_parameters(requests[:count], versions[:count])
            for count in (1, len(persons))
            for requests in (partner, internal)
            for versions in (nothing, cached)
        ),
    ]


def _write_scoring(persons: Sequence[Person]) -> list[WriteScoringParameters]:
    return [_written([]), _written(persons[:1]), _written(persons)]


def _written(persons: Sequence[Person]) -> WriteScoringParameters:
    """Everything changes for every address, and one is scored for the first time."""
    count = len(persons)
    ordinals = list(range(1, count + 1))
    return WriteScoringParameters(
        address=[*(each.address for each in persons), "0x" + "00" * 20],
        community_id=[1] * (count + 1),
        passport_id=[*(each.passport_id for each in persons), None],
        score_id=[*(each.score_id for each in persons), None],
        score_version=[*(each.score_version for each in persons), None],
        score=[Decimal(1)] * (count + 1),
        computed_at=[_NOW] * (count + 1),
        expires_at=[_NOW] * (count + 1),
        evidence=["{}"] * (count + 1),
        stamp_scores=["{}"] * (count + 1),
        stamps=["{}"] * (count + 1),
        computed_at_shown=["2026-11-24T00:00:00Z"] * (count + 1),
        expires_at_shown=[None] * (count + 1),
        link_ordinal=[ordinal for ordinal in ordinals for _ in range(10)],
        link_community_id=[1] * (count * 10),
        link_nullifier=[nullifier for each in persons for nullifier in each.nullifiers],
        link_address=[each.address for each in persons for _ in range(10)],
        link_expires_at=[_NOW + timedelta(days=1)] * (count * 10),
        link_is_claim=[True] * (count * 10),
        now=_NOW,
        unregistered_id=[id_ for each in persons for id_ in each.registered_ids],
        registered_ordinal=[ordinal for ordinal in ordinals for _ in range(10)],
        registered_row_id=[row_id for each in persons for row_id in each.row_ids],
        registered_row_version=[version for each in persons for version in each.row_versions],
        registered_provider=[provider for each in persons for provider in each.providers],
        clash_ordinal=ordinals,
        clash_data=["{}"] * count,
        qualified_ordinal=ordinals,
        point_ordinal=ordinals,
        point_action=["SCB"] * count,
        point_provider=["Provider1"] * count,
        point_tx_hash=["0x"] * count,
    )


def _store_stamps(persons: Sequence[Person]) -> list[StoreStampsParameters]:
    person = persons[0]
    count = len(person.providers)
    times: list[datetime | None] = [_NOW] * count
    return [
        StoreStampsParameters(person.address, _NOW, [], None, None, [], [], [], [], [], 501),
        StoreStampsParameters(
            address=person.address,
            now=_NOW,
            deleted_provider=person.providers,
            source_app=1,
            source_scorer_id=1,
            provider=person.providers,
            stamp=["{}"] * count,
            proof_value=["proof"] * count,
            issuance_date=times,
            expiration_date=times,
            most_counted=511,
        ),
    ]


def _usage(index: int) -> Usage:
    return Usage(f"id{index + 1}", _NOW, "/", "v2", "[]", "{}", "{}", None, None, False, None, 200)


def _nonce(position: int, old: datetime) -> Call:
    return lambda database: insert_nonce(
        database, "a new one", created_on=_NOW, expires_on=_NOW, position=position, old=old
    )


def _historical_score(address: str, external_id: str, scorer_id: int | None) -> Call:
    return lambda database: find_historical_score(
        database,
        key_prefix="key1",
        key_hash=KEY_HASH,
        external_scorer_id=external_id,
        scorer_id=scorer_id,
        address=address,
        created_at=_NOW,
    )


def _stamps_page(address: str, cursor: Cursor, limit: int) -> Call:
    return lambda database: find_stamps_page(
        database,
        key_prefix="key1",
        key_hash=KEY_HASH,
        address=address,
        cursor=cursor,
        limit=limit,
    )


def _bans(addresses: list[str], hashes: list[str]) -> Call:
    return lambda database: find_bans(database, addresses=addresses, hashes=hashes)


def _revocations(proof_values: list[str]) -> Call:
    return lambda database: find_revoked_proof_values(database, proof_values)


def _insert_usage(count: int) -> Call:
    rows = [_usage(index) for index in range(count)]
    return lambda database: insert_usage(database, rows, range(1, count + 1))


def _insert_usage_without_ids(count: int) -> Call:
    rows = [_usage(index) for index in range(count)]
    return lambda database: insert_usage_without_ids(database, rows)


EXAMPLES: Mapping[str, Callable[[Sequence[Person]], Sequence[msgspec.Struct]]] = {
    "allocate_usage_ids": lambda persons: _calls(lambda db: allocate_usage_ids(db, len(persons))),
    "create_nonce": lambda _: _calls(
        *(
            _nonce(position, old)
            for position in (0, 10_000, 10**6)
            for old in (_NOW, _NOW + timedelta(days=1))
        )
    ),
    "lock_capped_actions": lambda _: [NoParameters()],
    "live_stamps": lambda persons: [
        LiveStampsParameters(persons[0].address, 500, 65_536, 4_194_304)
    ],
    "lock_address": lambda persons: [AddressParameters(persons[0].address)],
    "lock_scores": lambda persons: [
        LockScoresParameters([each.address for each in some], [1] * len(some))
        for some in (persons[:1], persons)
    ],
    "ping": lambda _: _calls(ping),
    "read_api_key": lambda _: _calls(lambda db: find_api_key(db, "key1")),
    "read_bans": lambda persons: _calls(
        _bans(address_spellings(persons[0].address), persons[0].nullifiers),
        _bans([], persons[0].nullifiers[:1]),
    ),
    "read_contributions": lambda persons: _calls(
        lambda db: sum_contributions(db, persons[0].address)
    ),
    "read_embed_config": lambda _: _calls(lambda db: find_embed_config(db, 1)),
    "read_embed_key": lambda _: _calls(lambda db: find_embed_api_key(db, "key1")),
    "read_embed_weights": lambda _: _calls(lambda db: find_weights(db, 1)),
    "read_legacy_stakes": lambda persons: _calls(
        lambda db: find_legacy_stakes(db, persons[0].address, 1)
    ),
    "read_list_membership": lambda persons: _calls(
        lambda db: is_list_member(db, list_name="ours", address=persons[0].address)
    ),
    "read_revocations": lambda persons: _calls(
        _revocations(persons[0].proof_values),
        _revocations(
            [text for i in range(100) for text in proof_value_spellings(f"0x{i:0128x}1b")]
        ),
    ),
    "read_ruleset": lambda _: _calls(lambda db: find_ruleset(db, ["DeveloperList#1"])),
    "read_score_event": lambda persons: _calls(
        _historical_score(persons[0].address, "external1", None),
        _historical_score(persons[0].address, "1", 1),
    ),
    "read_scoring": _read_scoring,
    "read_stakes": lambda persons: _calls(lambda db: find_stakes(db, persons[0].address)),
    "read_stamps_page": lambda persons: _calls(
        _stamps_page(persons[0].address, START, 1000),
        _stamps_page(persons[0].address, Cursor("next", persons[0].row_ids[5]), 2),
        _stamps_page(persons[0].address, Cursor("prev", persons[0].row_ids[5]), 2),
    ),
    "store_sha256_hash": lambda _: _calls(
        lambda db: store_sha256_hash(db, key_id="id1", hashed_key="sha256:")
    ),
    "store_stamps": _store_stamps,
    "stored_score": lambda persons: [StoredScoreParameters(persons[0].address, 1)],
    "use_nonce": lambda _: _calls(
        lambda db: use_nonce(db, "c4ca4238a0b923820dcc509a6f75849b", _NOW)
    ),
    "write_scoring": _write_scoring,
    "write_usage": lambda persons: _calls(_insert_usage(1), _insert_usage(len(persons))),
    "write_usage_without_ids": lambda persons: _calls(
        _insert_usage_without_ids(1), _insert_usage_without_ids(len(persons))
    ),
}
"""Query -> what it is run with."""
