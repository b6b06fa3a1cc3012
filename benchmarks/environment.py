"""The environment of a measured service. Nothing else names the setting that bounds its caches."""

from __future__ import annotations

import math

from benchmarks.stamps import TRUSTED_ISSUER

CACHE_SETTING = "CACHE_MEMORY_MB"


def environment(url: str, stamps: int) -> dict[str, str]:
    """Return the variables of a service.

    Args:
        url: the URL of its database.
        stamps: the number of stamps that its caches must have room for; 0 switches them off.
    """
    return {
        "DATABASE_URL": url,
        "TRUSTED_IAM_ISSUERS": f'["{TRUSTED_ISSUER}"]',
        CACHE_SETTING: str(math.ceil(stamps / 500)),  # 2 kB each, more than enough
    }
