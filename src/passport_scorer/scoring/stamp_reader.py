"""What the stamps of an address say: verified once, then remembered."""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog

from passport_scorer.credentials.errors import CredentialRefused
from passport_scorer.credentials.verified_cache import VerifiedCredentials
from passport_scorer.db.scoring_queries import KnownStamp, ScoringRow
from passport_scorer.domain.credential import Credential
from passport_scorer.scoring.remembered_stamps import RememberedStamps, RowVersion, Stamps

log = structlog.get_logger()


class StampReader:
    """Verifies documents that were read, and knows which needn't be read.

    Args:
        verified: verifies credentials, and remembers which were good.
        remembered: stamps whose documents needn't be read again.
    """

    def __init__(self, verified: VerifiedCredentials, remembered: RememberedStamps) -> None:
        self._verified = verified
        self._remembered = remembered

    def known(self, address: str | None) -> Stamps:
        """Return the stamps of an address that needn't be read."""
        return self._remembered.of(address) if address else {}

    async def read(self, row: ScoringRow, address: str, known: Stamps, *, now: datetime) -> Stamps:
        """Return what each stamp of a row says; None for one whose signature is refused.

        Args:
            row: its documents are null for the stamps in `known`.
            address: whose stamps they are.
            known: what the database was told not to read.
            now: aware; a credential must not come from the future.
        """
        stamps: dict[RowVersion, Credential | None] = {}
        passing: set[RowVersion] = set()
        for row_id, version, document in zip(
            row.row_ids or (), row.row_versions or (), row.documents or (), strict=True
        ):
            key = (row_id, version)
            if document is None:
                stamps[key] = known[key]
                continue
            try:
                stamps[key] = self._verified.verify(document, now)
            except CredentialRefused as refusal:
                stamps[key] = None
                if refusal.transient:
                    passing.add(key)
                log.info("signature_refused", address=address, stamp=row_id, reason=refusal.code)
            await asyncio.sleep(0)  # a hundred signatures must not hold up other requests
        if stamps.keys() != known.keys() or passing:
            lasting = {key: stamp for key, stamp in stamps.items() if key not in passing}
            self._remembered.remember(address, lasting)
        return stamps


def known_stamps(known: Stamps) -> list[KnownStamp]:
    """Return what the database needs to know of the stamps that needn't be read."""
    return [
        KnownStamp(row_id, version, credential.nullifiers if credential else ())
        for (row_id, version), credential in known.items()
    ]
