"""The internal application on a fresh database, and a connection to set the stage with."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from passport_scorer.api.applications import internal_application
from passport_scorer.app import running_services
from passport_scorer.settings.model import Settings


class Internal:
    """The internal application, and the tables that it reads."""

    def __init__(self, client: httpx.AsyncClient, connection: Any) -> None:
        self.client = client
        self._connection = connection

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask for a path below `/internal/`."""
        return await self.client.get(f"/internal/{path}", headers=headers)

    async def post(self, path: str, body: object) -> httpx.Response:
        """Send JSON to a path below `/internal/`."""
        return await self.client.post(f"/internal/{path}", content=json.dumps(body))

    async def insert(self, table: str, **row: object) -> Any:
        """Insert a row that needs nothing else to be there, and return its id."""
        columns = ", ".join(f'"{name}"' for name in row)
        places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
        sql = f"INSERT INTO {table} ({columns}) VALUES ({places})"
        async with self._connection.transaction():
            await self._connection.execute("SET CONSTRAINTS ALL DEFERRED")
            return await self._connection.fetchval(sql + " RETURNING *", *row.values())

    async def execute(self, sql: str) -> None:
        """Run statements."""
        await self._connection.execute(sql)

    async def value(self, sql: str) -> Any:
        """Return the only value of a statement."""
        return await self._connection.fetchval(sql)


@asynccontextmanager
async def internal_on(database_url: str, settings: Settings) -> AsyncIterator[Internal]:
    """The internal application with these settings."""
    connection = await asyncpg.connect(database_url)
    try:
        async with running_services(settings, database_url) as services:
            transport = httpx.ASGITransport(
                app=internal_application(services), raise_app_exceptions=False
            )
            async with httpx.AsyncClient(transport=transport, base_url="http://internal") as client:
                yield Internal(client, connection)
    finally:
        await connection.close()


@pytest.fixture
async def internal(database_url: str) -> AsyncIterator[Internal]:
    """The internal application without a token, on empty tables."""
    async with internal_on(database_url, Settings()) as application:
        yield application


@pytest.fixture
async def reference(reference_database_url: str) -> AsyncIterator[Internal]:
    """The same on an existing deployment's tables."""
    settings = Settings(ceramic_cache_scorer_id=1)
    async with internal_on(reference_database_url, settings) as application:
        yield application
