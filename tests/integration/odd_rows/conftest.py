"""A deployment for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from .deployment import Deployment, running


@pytest.fixture
async def deployment(reference_database_url: str) -> AsyncIterator[Deployment]:
    """A deployment on fresh tables of a reference deployment."""
    async with running(reference_database_url) as deployed:
        yield deployed
