"""Which scans of two plans are compared."""

from __future__ import annotations

from benchmarks.plans import _scans

_TABLE = "benchmark_read"


def test_small_tables_and_those_of_pgbench_only_are_left_out() -> None:
    """The scan method of a small table, and a scan that the service does not make, don't count."""
    plan = {
        "Node Type": "Nested Loop",
        "Plans": [
            {"Node Type": "Index Scan", "Relation Name": _TABLE, "Alias": _TABLE},
            {"Node Type": "Seq Scan", "Relation Name": "scorer", "Alias": "s"},
            {"Node Type": "Index Scan", "Relation Name": "score", "Alias": "benchmark_current"},
            {
                "Node Type": "Bitmap Heap Scan",
                "Relation Name": "stamp",
                "Alias": "c",
                "Plans": [{"Node Type": "Bitmap Index Scan", "Index Name": "stamp_address"}],
            },
        ],
    }  # fmt: skip
    assert list(_scans(plan, {"scorer"})) == [
        ("", "scorer", ""),
        ("Bitmap Heap Scan", "stamp", ""),
        ("Bitmap Index Scan", "", "stamp_address"),
    ]
