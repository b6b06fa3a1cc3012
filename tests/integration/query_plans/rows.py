"""The rows by which plans are tried."""

from __future__ import annotations

from pathlib import Path


def rows_of(*, people: int, partners: int) -> str:
    """Return the SQL that fills a database.

    Args:
        people: number of addresses with ten stamps each, scored in two communities.
        partners: number of accounts with a community and four API keys each.
    """
    rows = Path(__file__).with_name("rows.sql").read_text()
    return f"SET test.people = {people}; SET test.partners = {partners};\n{rows}"
