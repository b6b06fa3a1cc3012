"""Comparison of two databases' tables, without loading them into memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from passport_scorer.db.queries.row_comparison import ComparedTable
from passport_scorer.db.row_stream import DatabaseSnapshot
from passport_scorer.tools.shadow.comparison.json_values import JsonValue, NotJson, json_value
from passport_scorer.tools.shadow.comparison.rules import Part
from passport_scorer.tools.shadow.comparison.values import compare_items
from passport_scorer.tools.shadow.recorder import Recorder
from passport_scorer.tools.shadow.verdict import TABLE

Row = tuple[Any, ...]
# Rows with the same key are compared as a set; a longer set is compared in slices.
_LONGEST_SLICE = 5000
_TIMES = ("created_at", "last_score_timestamp", "timestamp", "created_on")
_YIELD_EVERY = 200  # keys after which other tasks, such as the progress bar, can run


class RowGroup:
    """Rows with the same key.

    Attributes:
        order: the sort key of the group: the key, nulls first, and the number of the slice.
        rows: the rows, at least one.
    """

    def __init__(self, order: tuple[Any, ...], rows: list[Row]) -> None:
        self.order = order
        self.rows = rows


async def compare_tables(
    control: DatabaseSnapshot,
    candidate: DatabaseSnapshot,
    tables: Sequence[ComparedTable],
    recorder: Recorder,
    stopped: asyncio.Event,
    progress: Callable[[float], None] = lambda _share: None,
) -> None:
    """Compare tables one at a time.

    Args:
        control: the reference database.
        candidate: the database to test.
        tables: the tables to compare.
        recorder: counts the differences.
        stopped: set to stop early.
        progress: called with the share of the tables that are done.
    """
    for number, table in enumerate(tables):
        await _compare_table(control, candidate, table, recorder, stopped)
        progress((number + 1) / len(tables))


async def _compare_table(
    control: DatabaseSnapshot,
    candidate: DatabaseSnapshot,
    table: ComparedTable,
    recorder: Recorder,
    stopped: asyncio.Event,
) -> None:
    comparison = _TableComparison(table, recorder)
    sides = _groups(control.rows(table), table), _groups(candidate.rows(table), table)
    left, right = await _next_of_both(*sides)
    seen = 0
    while (left or right) and not stopped.is_set():
        if right is None or (left and left.order < right.order):
            comparison.count(left, None)
            left = await anext(sides[0], None)
        elif left is None or right.order < left.order:
            comparison.count(None, right)
            right = await anext(sides[1], None)
        else:
            comparison.count(left, right)
            left, right = await _next_of_both(*sides)
        seen += 1
        if seen % _YIELD_EVERY == 0:
            await asyncio.sleep(0)


async def _next_of_both(
    control: AsyncIterator[RowGroup], candidate: AsyncIterator[RowGroup]
) -> tuple[RowGroup | None, RowGroup | None]:
    """Return the next group of each side.

    If one side fails, wait for the other before raising: a connection that is running a statement
    cannot end its transaction, and that error would hide the first.
    """
    left = asyncio.ensure_future(anext(control, None))
    right = asyncio.ensure_future(anext(candidate, None))
    await asyncio.gather(left, right, return_exceptions=True)
    return left.result(), right.result()


async def _groups(rows: AsyncIterator[Row], table: ComparedTable) -> AsyncIterator[RowGroup]:
    columns = table.columns
    positions = [columns.index(name) for name in table.key]
    group: RowGroup | None = None
    async for row in rows:
        key = tuple((row[each] is not None, row[each]) for each in positions)
        if group and group.order[:-1] == key and len(group.rows) < _LONGEST_SLICE:
            group.rows.append(row)
            continue
        same_key = group is not None and group.order[:-1] == key
        number = group.order[-1] + 1 if group and same_key else 0
        if group:
            yield group
        group = RowGroup((*key, number), [row])
    if group:
        yield group


class _TableComparison:
    """Compares the row groups of one table."""

    def __init__(self, table: ComparedTable, recorder: Recorder) -> None:
        self._name = f"{TABLE}{table.name}"
        self._table = table
        self._columns = table.columns
        self._recorder = recorder
        self._part_rules = recorder.rulebook.part_rules(self._name, Part.BODY, 0)

    def count(self, control: RowGroup | None, candidate: RowGroup | None) -> None:
        """Compare the rows with one key; None if a side has no such rows."""
        left, right = control.rows if control else [], candidate.rows if candidate else []
        if left == right:  # the common case: no need to parse or describe anything
            self._recorder.differences(self._name, (), "")
            return
        found = compare_items(
            [self._document(row) for row in left],
            [self._document(row) for row in right],
            self._part_rules,
        )
        row = (left or right)[-1]
        self._recorder.differences(self._name, found, self._shown(row), self._time(row))

    def _document(self, row: Row) -> dict[str, JsonValue]:
        return {
            name: _json(value) if name in self._table.json and value is not None else _plain(value)
            for name, value in zip(self._columns, row, strict=True)
        }

    def _shown(self, row: Row) -> str:
        """Return the masked key."""
        values = dict(zip(self._columns, row, strict=True))
        return self._recorder.masked_key({name: _plain(values[name]) for name in self._table.key})

    def _time(self, row: Row) -> float | None:
        for name in _TIMES:
            if name in self._columns:
                value = row[self._columns.index(name)]
                return value.timestamp() if isinstance(value, datetime) else None
        return None


def _json(document: str) -> JsonValue:
    """Parse a JSON column; JSON within a string, such as a recorded response, is parsed, too."""
    value = json_value(document)
    if isinstance(value, str):
        with suppress(NotJson):
            return {"text": json_value(value)}
    return value


def _plain(value: Any) -> JsonValue:
    """Convert a column value to JSON."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value
