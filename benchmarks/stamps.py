"""Stamps with real signatures, as files for COPY; created once, then kept.

Signing takes about a third of a millisecond, so a hundred thousand stamps are worth
keeping. The name of a file depends on its contents, and on how stamps are signed.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import msgspec

from passport_scorer.tools.demo.signing import issuer_did, sign_eip712
from passport_scorer.tools.demo.world import ETHEREUM_ISSUER_KEY

COLUMNS = (
    "address",
    "provider",
    "stamp",
    "created_at",
    "updated_at",
    "type",
    "compose_db_save_status",
    "compose_db_stream_id",
    "issuance_date",
    "expiration_date",
    "proof_value",
    "source_app",
    "source_scorer_id",
)
TRUSTED_ISSUER = issuer_did(ETHEREUM_ISSUER_KEY)

_ISSUED = datetime(2026, 1, 1, 12, tzinfo=UTC)
_EXPIRES = datetime(2099, 12, 1, tzinfo=UTC)
_RENEWED_LATER = timedelta(days=1)
_ADDRESSES_AT_ONCE = 50

Advance = Callable[[int], None]


class StampSet(msgspec.Struct, frozen=True):
    """A set of stamps: the first addresses, with the same number of stamps each.

    Attributes:
        addresses: the number of addresses.
        stamps: the number of stamps per address.
        renewed: the same stamps a day later: other dates, other signatures, the same nullifiers.
    """

    addresses: int
    stamps: int
    renewed: bool = False


def address_of(number: int) -> str:
    """Return the address (lower case) with a number (from 0); always the same."""
    return "0x" + hashlib.sha256(f"benchmark address {number}".encode()).digest()[:20].hex()


def provider_of(number: int) -> str:
    """Return the provider of the stamp with this number (from 0) of any address."""
    return f"BenchmarkProvider{number:03}"


def stamp_file(wanted: StampSet, folder: Path, advance: Advance) -> Path:
    """Return the file with these stamps (CSV, gzip); create it if it does not exist.

    Args:
        wanted: the stamps.
        folder: the folder of the files.
        advance: called with the number of further addresses done.
    """
    path = folder / _name(wanted)
    if path.exists():
        advance(wanted.addresses)
        return path
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with (
        gzip.open(unfinished, "wb", compresslevel=1) as file,
        ProcessPoolExecutor(mp_context=get_context("spawn")) as pool,
    ):
        ranges = [
            range(first, min(first + _ADDRESSES_AT_ONCE, wanted.addresses))
            for first in range(0, wanted.addresses, _ADDRESSES_AT_ONCE)
        ]
        made = pool.map(_rows, ranges, [wanted] * len(ranges))
        for numbers, rows in zip(ranges, made, strict=True):
            file.write(rows)
            advance(len(numbers))
    return unfinished.rename(path)


def _name(wanted: StampSet) -> str:
    sample = hashlib.sha256(_rows(range(1), StampSet(1, 1))).hexdigest()[:8]
    renewed = "-renewed" if wanted.renewed else ""
    return f"stamps-{wanted.addresses}x{wanted.stamps}{renewed}-{sample}.csv.gz"


def _rows(addresses: range, wanted: StampSet) -> bytes:
    """Return the rows of these addresses; runs in a separate process."""
    text = io.StringIO()
    writer = csv.writer(text)
    for number in addresses:
        for stamp in range(wanted.stamps):
            writer.writerow(_row(address_of(number), provider_of(stamp), renewed=wanted.renewed))
    return text.getvalue().encode()


def _row(address: str, provider: str, *, renewed: bool) -> Sequence[object]:
    later = _RENEWED_LATER if renewed else timedelta()
    issued_at, expires_at = _ISSUED + later, _EXPIRES + later
    digest = hashlib.sha256(f"{address} {provider}".encode()).hexdigest()
    document = sign_eip712(
        ETHEREUM_ISSUER_KEY,
        address=address,
        provider=provider,
        nullifiers=[f"v0.0.0:{digest[:43]}=", f"v1:{digest[20:63]}="],
        issued_at=issued_at,
        expires_at=expires_at,
    )
    text = msgspec.json.encode(document).decode()
    proof_value = document["proof"]["proofValue"]
    head = (address, provider, text, issued_at.isoformat(), issued_at.isoformat(), 1)
    return (*head, "pending", "", issued_at.isoformat(), expires_at.isoformat(), proof_value, 1, 1)
