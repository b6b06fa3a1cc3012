"""A small world for each test."""

from collections.abc import AsyncIterator

import pytest_asyncio

from .world import World, world


@pytest_asyncio.fixture(name="world")
async def fresh_world(database_url: str) -> AsyncIterator[World]:
    """A fresh database with one community."""
    async with world(database_url) as fresh:
        await fresh.add_community(weights={"Google": "1.5", "Github": "0.25", "Ens": "2"})
        yield fresh
