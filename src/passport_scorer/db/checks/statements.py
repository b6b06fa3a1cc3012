"""Prepares every query against a database and compares the types on both sides."""

from __future__ import annotations

import importlib
import pkgutil
import types
import typing
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg
import msgspec

from passport_scorer.db import queries
from passport_scorer.db.statement import REGISTERED, Query

# The Python type that asyncpg uses for each type of PostgreSQL.
_PYTHON_TYPES: dict[str, type] = {
    "bool": bool,
    "int2": int,
    "int4": int,
    "int8": int,
    "numeric": Decimal,
    "text": str,
    "varchar": str,
    "jsonb": str,
    "timestamptz": datetime,
}


def all_queries() -> list[Query[Any, Any]]:
    """Return every query: those of all modules in `db/queries/`."""
    for module in pkgutil.iter_modules(queries.__path__):
        importlib.import_module(f"{queries.__name__}.{module.name}")
    return REGISTERED


async def check_queries(url: str) -> list[str]:
    """Return a sentence for each mismatch between the queries and the tables at `url`."""
    connection = await asyncpg.connect(url)
    try:
        return [
            problem for query in all_queries() for problem in await check_query(connection, query)
        ]
    finally:
        await connection.close()


async def check_query(connection: Any, query: Query[Any, Any]) -> list[str]:
    """Return a sentence for each mismatch of one query; `connection` is asyncpg's."""
    try:
        statement = await connection.prepare(query.sql)
    except asyncpg.PostgresError as error:
        return [f"{query.name}: PostgreSQL rejects it: {error}"]
    parameters = [(f"${i}", t.name) for i, t in enumerate(statement.get_parameters(), 1)]
    columns = [(a.name, a.type.name) for a in statement.get_attributes()]
    problems = [
        *_compare("parameter", query.parameters, parameters),
        *_compare("column", query.row, columns),
        *_misnamed(query.row, columns),
    ]
    return [f"{query.name}: {problem}" for problem in problems]


def _compare(
    what: str, struct: type[msgspec.Struct], found: list[tuple[str, str]]
) -> Iterator[str]:
    hints = typing.get_type_hints(struct)
    fields = [hints[name] for name in struct.__struct_fields__]
    if len(fields) != len(found):
        yield f"{struct.__name__} has {len(fields)} fields, the statement {len(found)} {what}s"
        return
    for hint, field, (name, postgresql) in zip(
        fields, struct.__struct_fields__, found, strict=True
    ):
        expected = _python_type(postgresql)
        if _without_none(hint) != expected:
            yield f"{what} {name} is {postgresql}; {struct.__name__}.{field} is {hint}"


def _misnamed(struct: type[msgspec.Struct], columns: list[tuple[str, str]]) -> Iterator[str]:
    for field, (name, _) in zip(struct.__struct_fields__, columns, strict=False):
        if field != name:
            yield f"column {name} is in the place of {struct.__name__}.{field}"


def _python_type(postgresql: str) -> Any:
    if postgresql.endswith("[]"):
        return list[_python_type(postgresql[:-2])]  # type: ignore[misc]
    return _PYTHON_TYPES.get(postgresql, postgresql)


def _without_none(hint: Any) -> Any:
    """`list[int | None] | None` -> `list[int]`: PostgreSQL reports no nullability."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        (hint,) = (part for part in typing.get_args(hint) if part is not types.NoneType)
    if typing.get_origin(hint) is list:
        return list[_without_none(typing.get_args(hint)[0])]  # type: ignore[misc]
    return hint
