"""The demo's data: accounts, keys, scorers and people with signed stamps, for tests that need some.

What tests add to it: `tests/support/tables.py`.
"""

from passport_scorer.db.database import Database, DatabaseSettings
from passport_scorer.tools.demo.seed import seed


async def seed_demo(url: str) -> None:
    """Put the demo's data into a database that has our tables."""
    database = Database(DatabaseSettings(url))
    await database.open()
    try:
        await seed(database)
    finally:
        await database.close()
