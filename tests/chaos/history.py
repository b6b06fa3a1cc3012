"""The history of responses, for comparison with the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from tests.chaos.client import Reply

NO_ANSWER = 0
RECORDED = (200, 400, 404, 429)  # a 503 may be sent before the key is known


class ToldScore(NamedTuple):
    """A score in a response."""

    address: str
    community_id: int
    computed_at: datetime
    raw: Decimal


class Upload(NamedTuple):
    """Proof values of stamps that were sent in one request, and the status of the response."""

    proof_values: tuple[str, ...]
    status: int


class _Score(msgspec.Struct):
    address: str
    score: Decimal
    last_score_timestamp: datetime


class _Stored(msgspec.Struct):
    score: _Score


_SCORE = msgspec.json.Decoder(_Score)
_STORED = msgspec.json.Decoder(_Stored)


class History:
    """Everything in responses that can be compared with the database.

    Attributes:
        scores: the scores of all successful responses.
        calls: calls with an API key: number in the query string -> status.
        uploads: the stamp uploads.
    """

    def __init__(self) -> None:
        self.scores: list[ToldScore] = []
        self.calls: dict[str, int] = {}
        self.uploads: list[Upload] = []

    def partner_call(self, number: str, community_id: int) -> Callable[[Reply | None], None]:
        """Return a callback that records the response to a call with an API key."""

        def note(reply: Reply | None) -> None:
            self.calls[number] = reply.status if reply else NO_ANSWER
            if reply and reply.status == 200:
                self._told(_SCORE.decode(reply.body), community_id)

        return note

    def own_score(self, community_id: int) -> Callable[[Reply | None], None]:
        """Return a callback that records the response to an owner's score request."""

        def note(reply: Reply | None) -> None:
            if reply and reply.status == 200:
                self._told(_SCORE.decode(reply.body), community_id)

        return note

    def upload(
        self, proof_values: tuple[str, ...], community_id: int
    ) -> Callable[[Reply | None], None]:
        """Return a callback that records the response to a stamp upload."""

        def note(reply: Reply | None) -> None:
            self.uploads.append(Upload(proof_values, reply.status if reply else NO_ANSWER))
            if reply and reply.status == 201:
                self._told(_STORED.decode(reply.body).score, community_id)

        return note

    def _told(self, score: _Score, community_id: int) -> None:
        told = (score.address, community_id, score.last_score_timestamp, score.score)
        self.scores.append(ToldScore(*told))
