"""Settings that name rows which don't exist are named at start, together, and nothing more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.db.url import connected
from passport_scorer.settings.model import Settings
from passport_scorer.settings.startup_check import warn_of_useless_settings
from passport_scorer.tools.demo.world import DEMO_API_KEY, DEMO_SCORER_ID, TRUSTED_ISSUERS
from tests.support.captured_logs import capture_logs

NOW = datetime(2026, 6, 1, tzinfo=UTC)
# A PBKDF2 hash of another key, with one iteration.
WRONG_SLOW = "pbkdf2_sha256$1$salt$bm90aGluZyBtYXRjaGVz"
GOOD = Settings(
    trusted_iam_issuers=TRUSTED_ISSUERS,
    ceramic_cache_scorer_id=DEMO_SCORER_ID,
    demo_api_key=DEMO_API_KEY.key,
    demo_api_scorer_id=DEMO_SCORER_ID,
    demo_api_key_aliases=frozenset({"demo"}),
)


@pytest.fixture
async def database(demo_database_url: str) -> AsyncIterator[Database]:
    """A database with the demo's data."""
    database = Database(DatabaseSettings(demo_database_url))
    await database.open()
    yield database
    await database.close()


async def said(database: Database | None, settings: Settings) -> list[tuple[str, str]]:
    """The variables that are reported as having no effect, and the reasons."""
    with capture_logs() as events:
        await warn_of_useless_settings(settings, database, NOW)
    assert {event["event"] for event in events} <= {"settings_have_no_effect"}
    assert {event["log_level"] for event in events} <= {"warning"}
    assert DEMO_API_KEY.key.partition(".")[2] not in str(events)
    return [(each["variable"], each["problem"]) for event in events for each in event["settings"]]


async def test_what_exists_is_not_mentioned(database: Database) -> None:
    """Settings that name existing rows, and empty settings, cause no warning."""
    assert await said(database, GOOD) == []
    assert await said(database, Settings(trusted_iam_issuers=TRUSTED_ISSUERS)) == []


async def test_everything_is_named_at_once(database: Database) -> None:
    """Communities, and a key, that don't exist are in one event."""
    settings = msgspec.structs.replace(
        GOOD,
        ceramic_cache_scorer_id=4711,
        demo_api_scorer_id=4712,
        demo_api_key="nosuch.key",
        siwe_allowed_domains=frozenset({"app.example"}),
    )
    assert await said(database, settings) == [
        ("SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE", "It needs SIWE_JWT_PRIVATE_KEY, which is not set."),
        ("CERAMIC_CACHE_SCORER_ID", "There is no community 4711."),
        ("DEMO_API_SCORER_ID", "There is no community 4712."),
        ("DEMO_API_KEY", "There is no API key with its prefix."),
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"hashed_key_sha256": "sha256$" + "0" * 64}, "Its secret isn't"),
        ({"hashed_key_sha256": None, "hashed_key": WRONG_SLOW}, "Its secret isn't"),
        ({"hashed_key_sha256": None, "hashed_key": "md5$what$ever"}, "Its secret isn't"),
        ({"revoked": True}, "The API key with its prefix was revoked"),
        ({"expiry_date": NOW - timedelta(days=1)}, "The API key with its prefix was revoked"),
    ],
)
async def test_a_key_that_opens_nothing(
    database: Database, demo_database_url: str, change: dict[str, object], problem: str
) -> None:
    """A key with another secret, or one that is no longer valid, is named."""
    columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(change, 2))
    async with connected(demo_database_url) as connection:
        await connection.execute(
            f"UPDATE account_accountapikey SET {columns} WHERE prefix = $1",
            DEMO_API_KEY.key.partition(".")[0],
            *change.values(),
        )
    ((variable, sentence),) = await said(database, GOOD)
    assert variable == "DEMO_API_KEY"
    assert sentence.startswith(problem)


async def test_a_community_of_another_account(database: Database, demo_database_url: str) -> None:
    """The demo's key can't ask for a community that belongs to another account."""
    async with connected(demo_database_url) as connection:
        await connection.execute(
            """
            INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name,
                email, is_staff, is_active, date_joined)
            VALUES (7, '!', false, 'somebody', '', '', '', false, true, now());
            INSERT INTO account_account (id, user_id, address) VALUES (7, 7, '0x7');
            """
        )
        await connection.execute(
            "UPDATE account_community SET account_id = 7 WHERE id = $1", DEMO_SCORER_ID
        )
    ((variable, _),) = await said(database, GOOD)
    assert variable == "DEMO_API_SCORER_ID"


async def test_without_the_database() -> None:
    """A setting that needs another one is named without a database."""
    lonely = Settings(
        trusted_iam_issuers=TRUSTED_ISSUERS,
        demo_api_key="no-dot",
        demo_api_key_aliases=frozenset({"demo"}),
    )
    assert [variable for variable, _ in await said(None, lonely)] == ["DEMO_API_KEY"] * 2
    without_key = msgspec.structs.replace(GOOD, demo_api_key=None)
    assert [variable for variable, _ in await said(None, without_key)] == [
        "DEMO_API_SCORER_ID",
        "DEMO_API_KEY_ALIASES",
    ]


async def test_an_unreachable_database_does_not_stop_the_check(empty_database: str) -> None:
    """Without the tables, or a server, the service starts, and says that it hasn't looked."""
    for url in (empty_database, "postgresql://u:very-secret@127.0.0.1:9/x"):
        database = Database(DatabaseSettings(url))
        await database.open()
        with capture_logs() as events:
            await warn_of_useless_settings(GOOD, database, NOW)
        await database.close()
        (reason,) = [e["reason"] for e in events if e["event"] == "settings_not_checked"]
        assert reason in {"query_failed", "database_unavailable"}
        assert {e["event"] for e in events} <= {"settings_not_checked", "database_unavailable"}


async def test_limits_that_are_switched_off_are_warned_of() -> None:
    """A service that applies no rate limits says so at its start."""
    settings = msgspec.structs.replace(GOOD, rate_limits_enabled=False)
    with capture_logs() as events:
        await warn_of_useless_settings(settings, None, NOW)
    assert events == [
        {
            "event": "rate_limits_not_applied",
            "log_level": "warning",
            "setting": "RATE_LIMITS_ENABLED",
        }
    ]


async def test_no_issuer_is_trusted() -> None:
    """An empty list of issuers is allowed, and warned of."""
    with capture_logs() as events:
        await warn_of_useless_settings(Settings(), None, NOW)
    assert [(each["event"], each["log_level"]) for each in events] == [
        ("no_issuer_is_trusted", "warning")
    ]


async def test_what_an_address_says_in_vain() -> None:
    """Options that are left out and files that are missing are named, and no value of an option."""
    url = (
        "postgresql://me:SECRET@h/d?channel_binding=SECRET&oauth_client_secret=SECRET"
        "&sslmode=verify-full&sslrootcert=/no/such.pem"
    )
    with capture_logs() as events:
        await warn_of_useless_settings(msgspec.structs.replace(GOOD, database_url=url), None, NOW)
    (event,) = events
    assert [each["problem"] for each in event["settings"]] == [
        "Its options channel_binding, oauth_client_secret are ignored.",
        "The file that it names can't be read: sslrootcert /no/such.pem.",
    ]
    assert "SECRET" not in str(event)
