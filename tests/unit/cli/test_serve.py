"""The default number of processes."""

import pytest

from passport_scorer.cli.serve import default_workers


@pytest.mark.parametrize(
    ("database_url", "cores", "expected"),
    [
        (None, 8, 4),
        (None, 1, 1),
        ("postgresql://user@localhost/scorer", 2, 1),
        ("postgresql://user@127.0.0.1:5433/scorer", 5, 2),
        ("postgresql:///scorer?host=/var/run/postgresql", 4, 2),
        ("postgresql://user@database.example/scorer", 4, 4),
        ("postgresql://user@10.0.0.7/scorer?sslmode=require", 1, 1),
    ],
)
def test_a_database_on_the_same_machine_gets_its_share(
    database_url: str | None, cores: int, expected: int
) -> None:
    """Every core works for the service, or half of them where PostgreSQL needs the others."""
    assert default_workers(database_url, cores) == expected
