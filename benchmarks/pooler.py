"""A transaction pooler in front of the database, if one is installed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.pgbouncer import PROGRAM, PgBouncer

_POOL_SIZE = 20


@contextmanager
def pooler(url: str) -> Iterator[str | None]:
    """Run PgBouncer in transaction mode, and yield its URL; None if it is not installed."""
    if PROGRAM is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="passport-scorer-benchmark-") as folder:
        Path(folder).chmod(0o755)  # it does not run as root, and needs access
        bouncer = PgBouncer(Path(folder), url, _POOL_SIZE)
        bouncer.start()
        try:
            yield bouncer.url
        finally:
            bouncer.stop()
