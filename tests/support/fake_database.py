"""A database in memory, for tests of the shape of HTTP alone: no PostgreSQL, no sockets.

It answers the service's own statements, by their names. Each row is checked against the type that
the statement declares, so a fake row can't have a shape that PostgreSQL would never return.
`tests/integration` proves what the statements do in PostgreSQL.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn, cast

import msgspec

from passport_scorer.db.connection import Connection
from passport_scorer.db.database import Database
from passport_scorer.db.statement import Parameters, Query, Row
from passport_scorer.domain.api_key import EmbedApiKey
from passport_scorer.domain.bans import Ban
from passport_scorer.domain.contributions import Contributions
from passport_scorer.domain.stakes import LegacyStake, Stake

Columns = Mapping[str, object]


@dataclass
class Community:
    """A community and its scorer.

    Attributes:
        weights: JSON text.
        threshold: a decimal number.
        sections: title, order, platform, order of the platform.
    """

    weights: str
    threshold: Decimal
    sections: list[tuple[str, int, str, int]] = field(default_factory=list)


@dataclass
class FakeStamp:
    """A live stamp: `document` is the JSON text of the credential."""

    id: int
    address: str
    provider: str
    document: str


@dataclass
class Tables:
    """The rows of the fake database; every address is in lower case."""

    api_keys: dict[str, EmbedApiKey] = field(default_factory=dict)  # by prefix
    communities: dict[int, Community] = field(default_factory=dict)
    stamps: list[FakeStamp] = field(default_factory=list)
    scores: dict[tuple[str, int], Columns] = field(default_factory=dict)
    score_events: dict[tuple[str, int], str] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    bans: list[Ban] = field(default_factory=list)
    revoked_proof_values: set[str] = field(default_factory=set)
    list_members: set[tuple[str, str]] = field(default_factory=set)  # (list, address)
    rulesets: dict[str, str] = field(default_factory=dict)
    contributions: dict[str, Contributions] = field(default_factory=dict)
    stakes: list[Stake] = field(default_factory=list)
    legacy_stakes: list[LegacyStake] = field(default_factory=list)

    def stamps_of(self, address: str) -> list[FakeStamp]:
        """The stamps of an address, newest first."""
        stamps = [stamp for stamp in self.stamps if stamp.address == address]
        return sorted(stamps, key=lambda stamp: stamp.id, reverse=True)

    def add_stamp(self, address: str, provider: str, document: str) -> None:
        """Add a live stamp."""
        number = 1 + max((stamp.id for stamp in self.stamps), default=0)
        self.stamps.append(FakeStamp(number, address, provider, document))


class FakeDatabase(Database):
    """Answers statements from `tables`, and records their names in `statements`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.tables = Tables()
        self.statements: list[str] = []

    async def _connected(self, seconds: float) -> NoReturn:
        raise AssertionError("a fake database opens no connection")

    async def fetch(self, query: Query[Parameters, Row], parameters: Parameters) -> list[Row]:
        """Return the rows of a statement."""
        self.statements.append(query.name)
        rows = _ANSWERS[query.name](self.tables, parameters)
        return [_row(query, columns) for columns in rows]

    read = fetch

    @asynccontextmanager
    async def transaction(self, *, lock_timeout: float | None = None) -> AsyncIterator[Connection]:
        """Give something that runs statements; nothing is ever rolled back."""
        yield cast("Connection", self)


def _row(query: Query[Any, Row], columns: Columns) -> Row:
    """Columns that are left out are null."""
    whole = {name: columns.get(name) for name in query.row.__struct_fields__}
    assert columns.keys() <= whole.keys(), f"{query.name} has no columns {columns.keys() - whole}"
    return msgspec.convert(whole, query.row)


Answer = Callable[[Tables, Any], Iterable[Columns]]
_ANSWERS: dict[str, Answer] = {}


def _answers(name: str) -> Callable[[Answer], Answer]:
    def register(answer: Answer) -> Answer:
        _ANSWERS[name] = answer
        return answer

    return register


def _key(tables: Tables, prefix: str | None) -> dict[str, object] | None:
    key = tables.api_keys.get(prefix or "")
    return msgspec.structs.asdict(key) if key else None


def _without(columns: Columns, *names: str) -> Columns:
    return {name: value for name, value in columns.items() if name not in names}


@_answers("read_api_key")
def _read_api_key(tables: Tables, asked: Any) -> Iterable[Columns]:
    key = _key(tables, asked.key_prefix)
    return [_without(key, "embed_rate_limit")] if key else []


@_answers("read_embed_key")
def _read_embed_key(tables: Tables, asked: Any) -> Iterable[Columns]:
    key = _key(tables, asked.prefix)
    return [key] if key else []


@_answers("read_score_event")
def _read_score_event(tables: Tables, asked: Any) -> Iterable[Columns]:
    key = _key(tables, asked.key_prefix)
    if key is None:
        return []
    columns = dict(_without(key, "embed_rate_limit"))
    if asked.key_hash == key["hashed_key_sha256"] and asked.scorer_id in tables.communities:
        event = tables.score_events.get((asked.address, asked.scorer_id))
        columns |= {"community_id": asked.scorer_id, "data": event}
    return [columns]


@_answers("read_stamps_page")
def _read_stamps_page(tables: Tables, asked: Any) -> Iterable[Columns]:
    key = _key(tables, asked.key_prefix)
    if key is None:
        return []
    columns = {**_without(key, "embed_rate_limit"), "has_newer": False, "has_older": False}
    stamps = tables.stamps_of(asked.address)
    page = [stamp for stamp in stamps if stamp.id < asked.id][: asked.limit]
    if page and asked.key_hash == key["hashed_key_sha256"]:
        columns |= {
            "ids": [stamp.id for stamp in page],
            "providers": [stamp.provider for stamp in page],
            "documents": [stamp.document for stamp in page],
            "has_newer": page[0] is not stamps[0],
            "has_older": page[-1] is not stamps[-1],
        }
    return [columns]


@_answers("read_scoring")
def _read_scoring(tables: Tables, asked: Any) -> Iterable[Columns]:
    for index, address in enumerate(asked.address):
        key = _key(tables, asked.key_prefix[index]) or {}
        columns: dict[str, object] = dict(_without(key, "embed_rate_limit"))
        columns["stamps_version"] = ""
        community_id = asked.community_id[index] or asked.scorer_id[index]
        is_allowed = not key or asked.key_hash[index] == key["hashed_key_sha256"]
        if is_allowed and (community := tables.communities.get(community_id)):
            columns |= _community(community_id, community)
            columns |= _passport(tables, address)
        yield {"ordinal": index + 1, **columns}


def _community(community_id: int, community: Community) -> Columns:
    return {
        "community_id": community_id,
        "human_points_program": False,
        "scorer_version": "1",
        "weights": community.weights,
        "threshold": community.threshold,
    }


def _passport(tables: Tables, address: str | None) -> Columns:
    stamps = tables.stamps_of(address or "")
    return {
        "is_large": False,
        "stamps_version": " ".join(str(stamp.id) for stamp in stamps),
        "row_ids": [stamp.id for stamp in stamps],
        "row_versions": ["1"] * len(stamps),
        "providers": [stamp.provider for stamp in stamps],
        "documents": [stamp.document for stamp in stamps],
        "stamp_registered_ids": [None] * len(stamps),
        "has_copies": [False] * len(stamps),
        "has_other_proofs": False,
    }


@_answers("write_scoring")
def _write_scoring(tables: Tables, written: Any) -> Iterable[Columns]:
    for index, pair in enumerate(zip(written.address, written.community_id, strict=True)):
        tables.scores[pair] = {
            "score": written.score[index],
            "error": None,
            "last_score_timestamp": written.computed_at[index],
            "expiration_date": written.expires_at[index],
            "evidence": written.evidence[index],
            "stamps": written.stamps[index],
        }
        yield {"ordinal": index + 1, "content": index}


@_answers("stored_score")
def _stored_score(tables: Tables, asked: Any) -> Iterable[Columns]:
    score = tables.scores.get((asked.address, asked.community_id))
    return [score] if score else []


@_answers("lock_scores")
def _lock_scores(tables: Tables, asked: Any) -> Iterable[Columns]:
    return []


@_answers("lock_address")
def _lock_address(tables: Tables, asked: Any) -> Iterable[Columns]:
    return [{"held": ""}]


@_answers("store_stamps")
def _store_stamps(tables: Tables, written: Any) -> Iterable[Columns]:
    live = tables.stamps_of(written.address)
    deleted = [stamp for stamp in live if stamp.provider in written.deleted_provider]
    tables.stamps = [stamp for stamp in tables.stamps if stamp not in deleted]
    for provider, document in zip(written.provider, written.stamp, strict=True):
        tables.add_stamp(written.address, provider, document)
    return [{"deleted": len(deleted), "live": len(live)}]


@_answers("live_stamps")
def _live_stamps(tables: Tables, asked: Any) -> Iterable[Columns]:
    return [
        {"id": each.id, "address": each.address, "provider": each.provider, "stamp": each.document}
        for each in tables.stamps_of(asked.address)
    ]


@_answers("create_nonce")
def _create_nonce(tables: Tables, written: Any) -> Iterable[Columns]:
    tables.nonces.add(written.nonce)
    return [{"position": written.position}]


@_answers("use_nonce")
def _use_nonce(tables: Tables, asked: Any) -> Iterable[Columns]:
    if asked.nonce not in tables.nonces:
        return []
    tables.nonces.remove(asked.nonce)
    return [{"id": 1}]


@_answers("read_bans")
def _read_bans(tables: Tables, asked: Any) -> Iterable[Columns]:
    return [
        msgspec.structs.asdict(ban)
        for ban in tables.bans
        if ban.address in asked.addresses or ban.hash in asked.hashes
    ]


@_answers("read_revocations")
def _read_revocations(tables: Tables, asked: Any) -> Iterable[Columns]:
    return [
        {"proof_value": value}
        for value in asked.proof_values
        if value in tables.revoked_proof_values
    ]


@_answers("read_list_membership")
def _read_list_membership(tables: Tables, asked: Any) -> Iterable[Columns]:
    return [{"is_member": (asked.list_name, asked.address) in tables.list_members}]


@_answers("read_ruleset")
def _read_ruleset(tables: Tables, asked: Any) -> Iterable[Columns]:
    found = [tables.rulesets[each] for each in asked.provider_ids if each in tables.rulesets]
    return [{"definition": definition} for definition in found[:1]]


@_answers("read_contributions")
def _read_contributions(tables: Tables, asked: Any) -> Iterable[Columns]:
    nothing = Contributions(0, Decimal(0), 0, Decimal(0))
    return [msgspec.structs.asdict(tables.contributions.get(asked.address, nothing))]


@_answers("read_stakes")
def _read_stakes(tables: Tables, asked: Any) -> Iterable[Columns]:
    return [
        msgspec.structs.asdict(stake)
        for stake in tables.stakes
        if asked.address in (stake.staker, stake.stakee)
    ]


@_answers("read_legacy_stakes")
def _read_legacy_stakes(tables: Tables, asked: Any) -> Iterable[Columns]:
    return [
        msgspec.structs.asdict(stake)
        for stake in tables.legacy_stakes
        if stake.round_id == asked.round_id and asked.address in (stake.staker, stake.address)
    ]


@_answers("read_embed_weights")
def _read_embed_weights(tables: Tables, asked: Any) -> Iterable[Columns]:
    community = tables.communities.get(asked.community_id)
    return [{"weights": community.weights}] if community else []


@_answers("read_embed_config")
def _read_embed_config(tables: Tables, asked: Any) -> Iterable[Columns]:
    community = tables.communities.get(asked.community_id)
    if community is None:
        return []
    titles, orders, platforms, item_orders = zip(*community.sections, strict=True)
    return [
        {
            "weights": community.weights,
            "titles": list(titles),
            "section_orders": list(orders),
            "platform_ids": list(platforms),
            "item_orders": list(item_orders),
        }
    ]


@_answers("ping")
def _ping(tables: Tables, asked: Any) -> Iterable[Columns]:
    return [{"is_writable": True, "now": datetime.now(UTC)}]
