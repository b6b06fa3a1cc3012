"""Changes of stamps between requests: another version of a share of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.database import connected, copy_stamps, run
from benchmarks.stamps import provider_of


async def keep_versions(url: str, renewed: Path) -> None:
    """Store both versions of each stamp, so that one can replace the other."""
    async with connected(url) as connection:
        await connection.execute(
            "CREATE TABLE benchmark_version (LIKE ceramic_cache_ceramiccache INCLUDING DEFAULTS"
            " INCLUDING IDENTITY)"
        )
        await copy_stamps(connection, renewed, "benchmark_version")
        await connection.execute(
            "INSERT INTO benchmark_version OVERRIDING USER VALUE"
            " SELECT * FROM ceramic_cache_ceramiccache"
        )
    await run(
        url,
        "CREATE INDEX ON benchmark_version (address, provider)",
        "VACUUM (ANALYZE) benchmark_version",
    )


async def renew(url: str, stamps: int) -> None:
    """Replace this number of stamps of each address with their other version."""
    providers: list[Any] = [provider_of(number) for number in range(stamps)]
    async with connected(url) as connection:
        await connection.execute(
            """
            UPDATE ceramic_cache_ceramiccache AS c
            SET stamp = v.stamp, proof_value = v.proof_value, updated_at = now(),
                issuance_date = v.issuance_date, expiration_date = v.expiration_date
            FROM benchmark_version AS v
            WHERE v.address = c.address
                AND v.provider = c.provider
                AND v.proof_value <> c.proof_value
                AND c.provider = ANY ($1)
            """,
            providers,
        )
    await run(url, "VACUUM (ANALYZE)", "CHECKPOINT")
