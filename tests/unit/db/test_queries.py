"""Only typed functions leave `db.queries`: no statement, no parameters, no rows."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from types import ModuleType

import msgspec
import pytest

from passport_scorer.db import queries
from passport_scorer.db.statement import NoParameters, Query, Statements

# Whole tables are read through cursors: `db.row_stream`.
STREAMED = frozenset({"row_comparison"})
# Plain types that the functions for scoring take and return.
TYPES = frozenset({"loaded_scores"})

MODULES = [
    importlib.import_module(f"{queries.__name__}.{module.name}")
    for module in pkgutil.iter_modules(queries.__path__)
    if module.name not in STREAMED | TYPES
]


def statements_of(module: ModuleType) -> dict[str, Query[typing.Any, typing.Any]]:
    """The statements of a module, by the names of their variables."""
    return {name: value for name, value in vars(module).items() if isinstance(value, Query)}


def functions_of(module: ModuleType) -> list[typing.Any]:
    """The public functions that a module defines."""
    return [
        function
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    ]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_statement_has_one_typed_function(module: ModuleType) -> None:
    """Each function runs one statement, on the pool or in a transaction."""
    functions, statements = functions_of(module), statements_of(module)
    used = [
        name for function in functions for name in statements if name in function.__code__.co_names
    ]
    assert sorted(used) == sorted(statements)
    for function in functions:
        assert inspect.iscoroutinefunction(function)
        hints = typing.get_type_hints(function)
        assert next(iter(hints.values())) is Statements, function.__name__


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_statements_parameters_and_rows_are_private(module: ModuleType) -> None:
    """A struct is only public if a function returns it as it is."""
    returned = " ".join(
        str(typing.get_type_hints(function)["return"]) for function in functions_of(module)
    )
    for name, query in statements_of(module).items():
        assert name.startswith("_")
        assert query.parameters is NoParameters or query.parameters.__name__.startswith("_")
    for name, struct in inspect.getmembers(module, inspect.isclass):
        if issubclass(struct, msgspec.Struct) and struct.__module__ == module.__name__:
            assert name.startswith("_") or name in returned, name


@pytest.mark.parametrize("name", sorted(TYPES))
def test_modules_of_types_have_no_statement(name: str) -> None:
    """Modules that are exempt from the rules about statements contain none."""
    module = importlib.import_module(f"{queries.__name__}.{name}")
    assert not statements_of(module)
    assert not functions_of(module)
