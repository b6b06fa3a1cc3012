"""The queries on the database of an existing deployment."""

from passport_scorer.db.checks.statements import check_queries


async def test_every_query_fits_an_existing_deployment(reference_database_url: str) -> None:
    """Each query can be prepared, and its types are those of its Python side."""
    assert await check_queries(reference_database_url) == []
