"""Nonces of the sign-in: anyone can get one, and each works once.

Source: docs/rules/authentication.md, "Sign-in".
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from passport_scorer.db.database import Database
from passport_scorer.db.queries.nonces import insert_nonce, use_nonce

LIFETIME = timedelta(minutes=5)
KEPT = timedelta(hours=1)  # after a nonce has expired
_OCTETS = 30  # 60 hexadecimal digits, what the column holds


class Nonces:
    """Issues nonces, uses them up, and deletes expired ones.

    There is no timer: each insert deletes a few expired nonces, which bounds the table by the
    number of nonces issued recently.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._position = 0  # ids up to this one are cleaned

    async def create(self) -> str:
        """Return a new nonce that can be used once in the next 5 minutes.

        Raises:
            DatabaseUnavailable: the nonce could not be stored.
        """
        nonce, now = secrets.token_hex(_OCTETS), self._clock()
        position = await insert_nonce(
            self._database,
            nonce,
            created_on=now,
            expires_on=now + LIFETIME,
            position=self._position,
            old=now - KEPT,
        )
        self._position = max(self._position, position)
        return nonce

    async def use(self, nonce: str) -> bool:
        """Use a nonce up; of any number of concurrent callers, one gets True.

        Args:
            nonce: in lower case.

        Raises:
            DatabaseUnavailable: it is not known whether the nonce was used.
        """
        return await use_nonce(self._database, nonce, self._clock())
