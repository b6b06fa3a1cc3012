"""A database, an Ethereum node, and people who sign."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from passport_scorer.db.database import Database, DatabaseSettings

from .node import Node, running_node


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A pool on a fresh database with our tables."""
    database = Database(DatabaseSettings(database_url))
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    """An Ethereum node with an empty chain."""
    async with running_node() as running:
        yield running
