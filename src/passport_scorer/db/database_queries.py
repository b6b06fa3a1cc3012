"""Statements about the database itself."""

import msgspec

from passport_scorer.db.query import NoParameters, Query


class Pong(msgspec.Struct, frozen=True):
    """The database answers."""

    answer: int


PING = Query("ping", NoParameters, Pong)
