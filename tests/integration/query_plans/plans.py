"""The scans by which PostgreSQL reaches the rows of each table, read from EXPLAIN."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from passport_scorer.db.statement import Query

Node = dict[str, Any]

_BY_INDEX = frozenset({"Index Scan", "Index Only Scan", "Bitmap Heap Scan"})


class Scan(msgspec.Struct, frozen=True):
    """A scan of a table in one place of a statement.

    Attributes:
        table: which one.
        way: "Seq Scan", "Index Scan", …
        indexes: those by which the rows are reached.
        searched: False if an index is only walked from one end to the other.
        rows: number of rows visited each time, discarded ones included.
        blocks: number of blocks visited each time, of the indexes and of the table.
    """

    table: str
    way: str
    indexes: tuple[str, ...]
    searched: bool
    rows: int
    blocks: int

    @property
    def is_by_index(self) -> bool:
        """True if rows are found by an index, without visiting the others."""
        return self.way in _BY_INDEX and bool(self.indexes) and self.searched


class Prepared(msgspec.Struct, frozen=True):
    """A statement that was prepared in SQL, so that the server plans it as for the service.

    Attributes:
        connection: asyncpg's.
        query: the statement.
        name: under which the session knows it.
        types: of its parameters.
    """

    connection: Any
    query: Query[Any, Any]
    name: str
    types: tuple[str, ...]

    async def scans(self, parameters: msgspec.Struct) -> list[Scan]:
        """Run the statement, take back what it does, and return how it has read its tables."""
        transaction = self.connection.transaction()
        await transaction.start()
        try:
            values = [
                await self.connection.fetchval(f"SELECT quote_nullable($1::{each}::text)", value)
                for each, value in zip(self.types, self.query.arguments(parameters), strict=True)
            ]
            explained = await self.connection.fetchval(
                f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {self.execution(values)}"
            )
        finally:
            await transaction.rollback()
        return list(_scans(json.loads(explained)[0]["Plan"]))

    def execution(self, values: Sequence[str]) -> str:
        """Return the command that runs the statement with these literals."""
        return f"EXECUTE {self.name}({', '.join(values)})" if values else f"EXECUTE {self.name}"


async def prepared(connection: Any, query: Query[Any, Any], name: str = "explained") -> Prepared:
    """Prepare a statement, and have it planned; a generic plan is kept from now on.

    Args:
        connection: asyncpg's.
        query: the statement.
        name: new in this session.
    """
    await connection.execute(f"PREPARE {name} AS {query.sql}")
    types = (await connection.prepare(query.sql)).get_parameters()
    found = Prepared(connection, query, name, tuple(each.name for each in types))
    await connection.execute(f"EXPLAIN {found.execution(['NULL'] * len(types))}")
    return found


async def scans(
    connection: Any, query: Query[Any, Any], parameters: msgspec.Struct, *, generic: bool
) -> list[Scan]:
    """Run a statement, take back what it does, and return how it has read its tables.

    Args:
        connection: asyncpg's.
        query: the statement.
        parameters: what it is run with.
        generic: with the plan that is made for any parameters; False: for these.
    """
    # Plans for these parameters are those behind a pooler, where the service sets nothing else.
    mode, other_ways = ("force_generic_plan", "off") if generic else ("force_custom_plan", "on")
    await connection.execute(
        f"SET plan_cache_mode = {mode}; SET jit = off;"
        f" SET enable_seqscan = {other_ways}; SET enable_bitmapscan = {other_ways}"
    )
    found = await (await prepared(connection, query)).scans(parameters)
    await connection.execute("DEALLOCATE explained")
    return found


def table_of(found: Sequence[Scan]) -> str:
    """Return scans as a table to read, one in a line."""
    lines = [("table", "way", "indexes", "rows", "blocks")]
    lines += [
        (
            each.table,
            each.way,
            ", ".join(each.indexes) or "-",
            str(each.rows),
            str(each.blocks),
        )
        for each in found
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _scans(node: Node) -> Iterator[Scan]:
    """Find the nodes that read a table; those that write one lie above them."""
    if "Relation Name" in node and node["Node Type"] != "ModifyTable":
        searches = list(_searches(node))
        yield Scan(
            table=node["Relation Name"],
            way=node["Node Type"],
            indexes=tuple(each["Index Name"] for each in searches),
            searched=all("Index Cond" in each for each in searches),
            rows=_rows(node),
            blocks=_blocks(node),
        )
    for child in node.get("Plans", ()):
        yield from _scans(child)


def _searches(node: Node) -> Iterator[Node]:
    """Find the searches of indexes for one scan; a bitmap may be made of several."""
    if "Index Name" in node:
        yield node
    if node["Node Type"].startswith("Bitmap"):
        for child in node.get("Plans", ()):
            yield from _searches(child)


def _rows(node: Node) -> int:
    looked_at = (
        "Actual Rows",
        "Rows Removed by Filter",
        "Rows Removed by Index Recheck",
    )
    return round(sum(float(node.get(each, 0)) for each in looked_at))


def _blocks(node: Node) -> int:
    """Return blocks for each of the node's loops; PostgreSQL tells them for all together.

    Those of subqueries in the node's conditions are left out: their own scans tell them.
    """
    subqueries = [
        child for child in node.get("Plans", ()) if child["Parent Relationship"] != "Outer"
    ]
    blocks = _all_blocks(node) - sum(map(_all_blocks, subqueries))
    return round(blocks / max(1, int(node["Actual Loops"])))


def _all_blocks(node: Node) -> int:
    return int(node["Shared Hit Blocks"]) + int(node["Shared Read Blocks"])
