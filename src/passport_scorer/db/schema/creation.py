"""Creates the tables, in an empty database or one of our own."""

from typing import Any, ClassVar

from passport_scorer.db.checks import Description, Severity, compare, describe_within
from passport_scorer.db.schema import table_definitions
from passport_scorer.domain.errors import PassportScorerError

# An advisory lock with a number of our own: concurrent creations run one at a time.
LOCK = 7277077


class SchemaRefused(PassportScorerError):
    """The tables can't be made in this database."""

    code: ClassVar[str] = "schema_refused"


async def create_schema(connection: Any, *, own: bool = False) -> tuple[str, ...]:
    """Make the tables that are missing, all or none, and return their names.

    `connection` is asyncpg's. `own`: the database is the service's own, so tables may be added
    to those that exist. In any other, only an empty one is filled. Raises SchemaRefused,
    asyncpg.PostgresError.
    """
    definitions = table_definitions()
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        found = await describe_within(connection, [each.name for each in definitions])
        missing = [each for each in definitions if each.name not in found.tables]
        if not missing:
            return ()
        if found.tables and not own:
            raise SchemaRefused(
                f"{len(found.tables)} of {len(definitions)} tables exist already: this database"
                " belongs to another application, which has to create the others"
                " (passport-scorer db check names them)"
            )
        _check_existing(found)
        for each in missing:
            await connection.execute(each.sql)
    return tuple(each.name for each in missing)


def _check_existing(found: Description) -> None:
    """Raise SchemaRefused if a table that exists differs from ours."""
    for each in compare(found):
        if each.severity is Severity.ERROR and each.table in found.tables:
            raise SchemaRefused(
                f"Table {each.table} exists but differs: {each.message}"
                " (passport-scorer db check lists all differences)"
            )
