"""The array types of PostgreSQL that statements use, told to the driver in advance.

asyncpg asks the server about every array type but `text[]`, on each new connection: a statement of
10 ms, which the first requests of a process would wait for. These types are built in, with the same
numbers in every PostgreSQL.
"""

from __future__ import annotations

from typing import Any

# Number and name of the array type -> number and name of its elements' type.
ARRAY_TYPES = {
    (1000, "_bool"): (16, "boolean"),
    (1005, "_int2"): (21, "smallint"),
    (1007, "_int4"): (23, "integer"),
    (1015, "_varchar"): (1043, "character varying"),
    (1016, "_int8"): (20, "bigint"),
    (1185, "_timestamptz"): (1184, "timestamp with time zone"),
    (1231, "_numeric"): (1700, "numeric"),
    (3807, "_jsonb"): (3802, "jsonb"),
}


def register(connection: Any) -> None:
    """Register the types on a connection of asyncpg, after codecs of their elements."""
    # As the driver registers the server's answer; it has no public name for this.
    connection._protocol.get_settings().register_data_types(descriptions())


def descriptions() -> list[dict[str, object]]:
    """Return the rows with which the server describes the types to the driver."""
    return [
        {
            "oid": number,
            "ns": "pg_catalog",
            "name": name,
            "kind": b"b",
            "basetype": None,
            "elemtype": element,
            "elemdelim": b",",
            "range_subtype": None,
            "attrtypoids": None,
            "attrnames": None,
            "depth": 0,
            "basetype_name": None,
            "elemtype_name": element_name,
            "range_subtype_name": None,
        }
        for (number, name), (element, element_name) in ARRAY_TYPES.items()
    ]
