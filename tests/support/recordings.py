"""Recorded answers of a reference deployment, and signed credentials with verdicts.

Each folder has a README that says what is in it.
"""

from pathlib import Path

_DATA = Path(__file__).parents[1] / "conformance" / "data"
GOLDEN = _DATA / "golden"
VECTORS = _DATA / "credentials" / "vectors.json"


def rows_before() -> str:
    """The SQL that turns a database with our tables into the recorded deployment's.

    Its rows, and what is called otherwise there: constraints and indexes.
    """
    return (GOLDEN / "deployment.sql").read_text() + (GOLDEN / "rows_before.sql").read_text()
