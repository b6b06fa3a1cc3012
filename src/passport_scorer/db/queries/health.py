"""The state of the database itself."""

from datetime import datetime

import msgspec

from passport_scorer.db.statement import NoParameters, Query, Statements


class ServerStatus(msgspec.Struct, frozen=True):
    """The state of the server.

    Attributes:
        is_writable: False for a standby, or if transactions are read-only.
        now: its time; aware.
    """

    is_writable: bool
    now: datetime


_PING = Query("ping", NoParameters, ServerStatus)


async def ping(database: Statements) -> ServerStatus:
    """Ask the database for its state; writes nothing."""
    (status,) = await database.read(_PING, NoParameters())
    return status
