"""The number of connections that a process takes, given its descriptors."""

import pytest

from passport_scorer.server.connection_limits import internal_connections, public_connections


@pytest.mark.parametrize(
    ("asked", "descriptors", "public"),
    [
        (None, 1_048_576, 10_000),
        (None, 1024, 717),
        (500, 1024, 500),
        (5000, 1024, 717),
        (20_000, 65_536, 20_000),
        (None, 64, 16),
    ],
)
def test_connections_fit_into_the_descriptors(
    asked: int | None, descriptors: int, public: int
) -> None:
    """Whatever the setting, the database, the internal listener and files get their share."""
    assert public_connections(asked, descriptors, pool_size=5) == public
    used = public + internal_connections(descriptors, 5) + 5 + 64
    assert used <= descriptors or public == 16
