"""Statements about the database itself."""

from datetime import datetime

import msgspec

from passport_scorer.db.statement import NoParameters, Query


class Pong(msgspec.Struct, frozen=True):
    """Whether the database can be written to, and its time (aware)."""

    is_writable: bool
    now: datetime


PING = Query("ping", NoParameters, Pong)
