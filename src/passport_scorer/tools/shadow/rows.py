"""Compares what two deployments left in their tables, without holding the tables in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from passport_scorer.db.queries.row_comparison import ComparedTable
from passport_scorer.db.row_stream import Snapshot
from passport_scorer.tools.shadow.comparison.json_values import JsonValue, NotJson, json_value
from passport_scorer.tools.shadow.comparison.rules import Part
from passport_scorer.tools.shadow.comparison.values import compare_items
from passport_scorer.tools.shadow.recorder import Recorder
from passport_scorer.tools.shadow.verdict import TABLE

Row = tuple[Any, ...]
# Rows of one key are compared as a set. A key with more of them is compared in slices.
_LONGEST_SLICE = 5000
_TIMES = ("created_at", "last_score_timestamp", "timestamp", "created_on")
_BREATH = 200  # keys after which others, such as the progress bar, get a turn


class Group:
    """Some rows of one key.

    Attributes:
        order: what groups are ordered by: the key, nulls first, and the number of the slice.
        rows: at least one.
    """

    def __init__(self, order: tuple[Any, ...], rows: list[Row]) -> None:
        self.order = order
        self.rows = rows


async def compare_tables(
    control: Snapshot,
    candidate: Snapshot,
    tables: Sequence[ComparedTable],
    recorder: Recorder,
    stopped: asyncio.Event,
    progress: Callable[[float], None] = lambda _share: None,
) -> None:
    """Compare tables, one after the other, and count in the recorder's tally.

    Args:
        control: the database that is right.
        candidate: the one in question.
        tables: which.
        recorder: counts.
        stopped: set to end early.
        progress: told the share of the tables that are done.
    """
    for number, table in enumerate(tables):
        await _compare_table(control, candidate, table, recorder, stopped)
        progress((number + 1) / len(tables))


async def _compare_table(
    control: Snapshot,
    candidate: Snapshot,
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
        if seen % _BREATH == 0:
            await asyncio.sleep(0)


async def _next_of_both(
    control: AsyncIterator[Group], candidate: AsyncIterator[Group]
) -> tuple[Group | None, Group | None]:
    """The next group of either side.

    If one side fails, the other one is waited for before that is said: a connection in the midst
    of a statement can't end its transaction, and what it says of that would hide the reason.
    """
    left = asyncio.ensure_future(anext(control, None))
    right = asyncio.ensure_future(anext(candidate, None))
    await asyncio.gather(left, right, return_exceptions=True)
    return left.result(), right.result()


async def _groups(rows: AsyncIterator[Row], table: ComparedTable) -> AsyncIterator[Group]:
    columns = table.columns
    positions = [columns.index(name) for name in table.key]
    group: Group | None = None
    async for row in rows:
        key = tuple((row[each] is not None, row[each]) for each in positions)
        if group and group.order[:-1] == key and len(group.rows) < _LONGEST_SLICE:
            group.rows.append(row)
            continue
        same_key = group is not None and group.order[:-1] == key
        number = group.order[-1] + 1 if group and same_key else 0
        if group:
            yield group
        group = Group((*key, number), [row])
    if group:
        yield group


class _TableComparison:
    """Counts the groups of one table."""

    def __init__(self, table: ComparedTable, recorder: Recorder) -> None:
        self._name = f"{TABLE}{table.name}"
        self._table = table
        self._columns = table.columns
        self._recorder = recorder
        self._subject = recorder.rulebook.subject(self._name, Part.BODY, 0)

    def count(self, control: Group | None, candidate: Group | None) -> None:
        """Compare the rows of one key on both sides; None: there are none."""
        left, right = control.rows if control else [], candidate.rows if candidate else []
        if left == right:  # as most are; nothing has to be read or named
            self._recorder.differences(self._name, (), "")
            return
        found = compare_items(
            [self._document(row) for row in left],
            [self._document(row) for row in right],
            self._subject,
        )
        row = (left or right)[-1]
        self._recorder.differences(self._name, found, self._shown(row), self._time(row))

    def _document(self, row: Row) -> dict[str, JsonValue]:
        return {
            name: _json(value) if name in self._table.json and value is not None else _plain(value)
            for name, value in zip(self._columns, row, strict=True)
        }

    def _shown(self, row: Row) -> str:
        """The key, as it may be shown."""
        values = dict(zip(self._columns, row, strict=True))
        return self._recorder.masked_key({name: _plain(values[name]) for name in self._table.key})

    def _time(self, row: Row) -> float | None:
        for name in _TIMES:
            if name in self._columns:
                value = row[self._columns.index(name)]
                return value.timestamp() if isinstance(value, datetime) else None
        return None


def _json(document: str) -> JsonValue:
    """A JSON document; a text that holds JSON, such as a recorded answer, is read, too."""
    value = json_value(document)
    if isinstance(value, str):
        with suppress(NotJson):
            return {"text": json_value(value)}
    return value


def _plain(value: Any) -> JsonValue:
    """A value of a column as JSON has it."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value
