"""The real applications, services and rules on a database in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from passport_scorer.api.applications import public_application
from passport_scorer.app import running_services
from passport_scorer.services import Services
from passport_scorer.settings.model import Settings
from passport_scorer.tools.demo.catalogue import catalogue_url
from passport_scorer.tools.demo.world import DEMO_SCORER_ID, OWNER, TRUSTED_ISSUERS
from tests.support.fake_database import FakeDatabase

from .world import DOMAIN, INTERNAL_TOKEN, KEY, example_tables


def _settings() -> Settings:
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Settings(
        trusted_iam_issuers=TRUSTED_ISSUERS,
        ceramic_cache_scorer_id=DEMO_SCORER_ID,
        cgrants_api_token=INTERNAL_TOKEN,
        passport_public_url=catalogue_url(),
        siwe_jwt_private_key=private.decode(),
        siwe_jwt_public_key=public.decode(),
        siwe_allowed_domains=frozenset({DOMAIN}),
        api_analytics=False,
    )


@pytest_asyncio.fixture(scope="session")
async def services() -> AsyncIterator[Services]:
    """The services as they are composed for serving, on a database in memory."""
    async with running_services(
        _settings(), "postgresql://nowhere/none", database_class=FakeDatabase
    ) as services:
        yield services


@pytest.fixture
def database(services: Services) -> FakeDatabase:
    """The database, with the same rows for each test."""
    assert isinstance(services.database, FakeDatabase)
    services.database.tables = example_tables()
    services.database.statements.clear()
    return services.database


@pytest_asyncio.fixture(scope="session")
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """Calls the application, as a server would."""
    application = public_application(services, with_internal=True)
    transport = httpx.ASGITransport(app=application, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://scorer") as client:
        yield client


@pytest.fixture(scope="session")
def credentials(services: Services) -> dict[str, dict[str, str]]:
    """Security scheme -> the headers of a caller who may call."""
    token = services.access_tokens.issue(OWNER.address)
    return {
        "ApiKey": {"X-API-Key": KEY},
        "AccessToken": {"Authorization": f"Bearer {token}"},
        "InternalToken": {"Authorization": INTERNAL_TOKEN},
        "": {},
    }
