"""Nonces of the sign-in: given to anybody, used once.

Source: specification, auth.md ("Sign-in").
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from passport_scorer.db.database import Database
from passport_scorer.db.queries.nonces import (
    CREATE_NONCE,
    USE_NONCE,
    CreateNonceParameters,
    UseNonceParameters,
)

LIFETIME = timedelta(minutes=5)
KEPT = timedelta(hours=1)  # after a nonce has expired
_OCTETS = 30  # 60 hexadecimal digits, what the column holds


class Nonces:
    """Gives nonces out, uses them up, and deletes those that have expired.

    Nothing runs by a timer: each new nonce takes a few old ones with it, so that there are never
    more than a fixed number for each that was given out lately.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._position = 0  # ids up to this one hold no old nonces, or none that can be deleted

    async def create(self) -> str:
        """Return a new nonce that can be used once in the next 5 minutes.

        Raises:
            DatabaseUnavailable: it couldn't be stored.
        """
        nonce, now = secrets.token_hex(_OCTETS), self._clock()
        parameters = CreateNonceParameters(
            nonce=nonce,
            created_on=now,
            expires_on=now + LIFETIME,
            position=self._position,
            old=now - KEPT,
        )
        (cleaned,) = await self._database.fetch(CREATE_NONCE, parameters)
        self._position = max(self._position, cleaned.position)
        return nonce

    async def use(self, nonce: str) -> bool:
        """Use a nonce up; True for one caller only, however many there are at once.

        Args:
            nonce: in lower case.

        Raises:
            DatabaseUnavailable: whether it was used isn't known.
        """
        return bool(await self._database.fetch(USE_NONCE, UseNonceParameters(nonce, self._clock())))
