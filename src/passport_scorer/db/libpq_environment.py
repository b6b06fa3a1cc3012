"""libpq's own environment variables (`PG…`), where they decide what the driver does.

The driver reads them from the environment of the process, whatever it is given; these functions
say what it will find there. Everything else that is configured comes from `settings`.

Source: PostgreSQL, libpq, "Environment Variables".
"""

from __future__ import annotations

import os


def libpq_variable(option: str) -> str:
    """Return what the environment says for an option of a URL, or an empty string.

    Args:
        option: `sslmode` for `PGSSLMODE`, `sslrootcert` for `PGSSLROOTCERT`, and so on.
    """
    return os.environ.get(f"PG{_NAMES.get(option, option).upper()}", "")


_NAMES = {"target_session_attrs": "targetsessionattrs"}
