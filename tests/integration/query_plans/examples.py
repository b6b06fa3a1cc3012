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
from passport_scorer.db.queries.loaded_scores import ScoringRequest, Touch
from passport_scorer.db.queries.locks import lock_address, lock_capped_actions, lock_score
from passport_scorer.db.queries.nonces import insert_nonce, use_nonce
from passport_scorer.db.queries.partners import (
    find_api_key,
    find_historical_score,
    find_stamps_page,
    store_sha256_hash,
)
from passport_scorer.db.queries.read_scoring import load_scores
from passport_scorer.db.queries.stakes import find_legacy_stakes, find_stakes
from passport_scorer.db.queries.stamps import live_stamps, store_stamps, stored_score
from passport_scorer.db.queries.touch_scores import touch_scores
from passport_scorer.db.queries.usage import (
    allocate_usage_ids,
    insert_usage,
    insert_usage_without_ids,
)
from passport_scorer.db.queries.write_scoring import MAX_BATCH_SIZE, save_outcomes
from passport_scorer.db.statement import Parameters, Query, Row, Statements
from passport_scorer.domain.change_set import ChangeSet
from passport_scorer.domain.community import Community
from passport_scorer.domain.deduplication import Clash, Link, LinkChange
from passport_scorer.domain.human_points import NO_POINTS, Award, PointsOutcome
from passport_scorer.domain.pagination import START, Cursor
from passport_scorer.domain.proof_values import proof_value_spellings
from passport_scorer.domain.scores import Score, ScoreRecord
from passport_scorer.domain.scoring import Assessment, Outcome, Passport, Snapshot, Versions
from passport_scorer.domain.stamps import Stamp, StoredStamp
from passport_scorer.domain.submissions import Entry, Source, SourceApp, SubmittedStamp
from passport_scorer.domain.usage import Usage
from passport_scorer.ethereum.did import address_spellings

NOW = datetime.now(UTC)
_TOMORROW = NOW + timedelta(days=1)
_NO_PASSPORT = Passport()
_NO_CHANGES = ChangeSet((), (), ())
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
    FROM (
        SELECT id, address FROM registry_passport WHERE community_id = 1 ORDER BY id LIMIT $1
    ) AS passport
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
    ORDER BY passport.id
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
    """Return the data of an address in community 1; lists are parallel, by provider."""

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

    def touch(self) -> Touch:
        """Return the touch of a process that has cached the score."""
        stamps, registered = (
            " ".join(f"{row_id}:{version}" for row_id, version in zip(ids, versions, strict=True))
            for ids, versions in (
                (self.row_ids, self.row_versions),
                (self.registered_ids, self.registered_versions),
            )
        )
        versions = Versions(
            scorer="1:1",
            dynamic_weights=None,
            stamps=f"{stamps}/{registered}",
            links="",
            link_ids="{" + ",".join(map(str, self.row_ids)) + "}",
            unlinked=tuple(self.nullifiers),
        )
        return Touch(self.address, 1, versions, 0, None, "key1", "id:1", "external1")


async def people(connection: Any, most: int = MAX_BATCH_SIZE) -> list[Person]:
    """Return people, by default for the largest batch."""
    return [Person(**dict(row)) for row in await connection.fetch(_PEOPLE, most)]


def _read_scoring(persons: Sequence[Person]) -> list[msgspec.Struct]:
    """A partner's key alone; a partner's requests, and internal ones."""
    key = ScoringRequest(None, key_prefix="key1")
    partner = [
        ScoringRequest(each.address, None, "key1", "external1", 1, KEY_HASH) for each in persons
    ]
    internal = [ScoringRequest(each.address, community_id=1) for each in persons]
    return _calls(
        _load([key]),
        *(
            _load(requests[:count])
            for count in (1, len(persons))
            for requests in (partner, internal)
        ),
    )


def _load(requests: Sequence[ScoringRequest]) -> Call:
    return lambda database: load_scores(database, requests, with_points=True)


def _touch_scores(persons: Sequence[Person]) -> list[msgspec.Struct]:
    return _calls(*(_touch(persons[:count]) for count in (1, len(persons))))


def _touch(persons: Sequence[Person]) -> Call:
    touches = [person.touch() for person in persons]
    return lambda database: touch_scores(database, touches, NOW)


def _write_scoring(persons: Sequence[Person]) -> list[msgspec.Struct]:
    return _calls(_save([]), _save(persons[:1]), _save(persons))


def _save(persons: Sequence[Person]) -> Call:
    """Everything changes for every address, and one is scored for the first time."""
    outcomes = [*map(_changed, persons), first_score("0x" + "00" * 20)]
    return lambda database: save_outcomes(database, outcomes, NOW)


def _changed(person: Person) -> Outcome:
    rows = zip(person.row_ids, person.row_versions, person.providers, strict=True)
    stamps = tuple(StoredStamp(*row, credential=None, registered_id=None) for row in rows)
    links = tuple(
        LinkChange(Link(nullifier, person.address, _TOMORROW), is_claim=True)
        for nullifier in person.nullifiers
    )
    stamp = Stamp(stamps[0], stamps[0].provider, tuple(person.nullifiers), _TOMORROW, "", "", None)
    return first_score(
        person.address,
        Passport(person.passport_id, person.score_id, person.score_version),
        ChangeSet(links, stamps, tuple(person.registered_ids)),
        (Clash(stamp, links[0].link),),
        PointsOutcome(None, newly_qualified=True, awards=(Award("SCB", "Provider1", "0x"),)),
    )


def first_score(
    address: str,
    passport: Passport = _NO_PASSPORT,
    changes: ChangeSet = _NO_CHANGES,
    clashes: tuple[Clash, ...] = (),
    points: PointsOutcome = NO_POINTS,
) -> Outcome:
    """Return what to write for an address in community 1; by default, its first score."""
    one = Decimal(1)
    community = Community(1, {}, threshold=one, human_points_program=True)
    score = Score(one, one, passing=True, expires_at=NOW, stamp_scores={}, stamps={})
    assessment = Assessment(
        score, ScoreRecord("{}", "{}", "{}"), (), clashes, (), changes, NOW, _TOMORROW
    )
    return Outcome(Snapshot(address, community, passport, (), {}), assessment, NOW, points)


def _store_stamps(persons: Sequence[Person]) -> list[msgspec.Struct]:
    address, providers = persons[0].address, persons[0].providers
    source = Source(SourceApp.PASSPORT, 1)
    entries = [
        Entry(provider, SubmittedStamp("{}", "{}", provider, "proof", NOW, NOW))
        for provider in providers
    ]
    return _calls(
        lambda db: store_stamps(db, address, [], Source(), now=NOW, most_counted=501),
        lambda db: store_stamps(db, address, entries, source, now=NOW, most_counted=511),
    )


def _list_stamps(address: str) -> Call:
    return lambda database: live_stamps(
        database, address, most=500, longest_document=65_536, longest_answer=4_194_304
    )


def _usage(index: int) -> Usage:
    return Usage(f"id{index + 1}", NOW, "/", "v2", "[]", "{}", "{}", None, None, False, None, 200)


def _nonce(position: int, old: datetime) -> Call:
    return lambda database: insert_nonce(
        database, "a new one", created_on=NOW, expires_on=NOW, position=position, old=old
    )


def _historical_score(address: str, external_id: str, scorer_id: int | None) -> Call:
    return lambda database: find_historical_score(
        database,
        key_prefix="key1",
        key_hash=KEY_HASH,
        external_scorer_id=external_id,
        scorer_id=scorer_id,
        address=address,
        created_at=NOW,
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
            for old in (NOW, NOW + timedelta(days=1))
        )
    ),
    "lock_capped_actions": lambda _: _calls(lock_capped_actions),
    "live_stamps": lambda persons: _calls(_list_stamps(persons[0].address)),
    "lock_address": lambda persons: _calls(lambda db: lock_address(db, persons[0].address)),
    "lock_scores": lambda persons: _calls(lambda db: lock_score(db, persons[0].address, 1)),
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
    "touch_scores": _touch_scores,
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
    "stored_score": lambda persons: _calls(lambda db: stored_score(db, persons[0].address, 1)),
    "use_nonce": lambda _: _calls(
        lambda db: use_nonce(db, "c4ca4238a0b923820dcc509a6f75849b", NOW)
    ),
    "write_scoring": _write_scoring,
    "write_usage": lambda persons: _calls(_insert_usage(1), _insert_usage(len(persons))),
    "write_usage_without_ids": lambda persons: _calls(
        _insert_usage_without_ids(1), _insert_usage_without_ids(len(persons))
    ),
}
"""Query -> what it is run with."""
