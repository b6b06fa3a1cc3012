"""The values of settings as operators see them, without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

HIDDEN = "(hidden)"


def shown(value: Any) -> str:
    """Return a value as operators write it."""
    match value:
        case bool():
            return "on" if value else "off"
        case frozenset():
            return msgspec.json.encode(sorted(value)).decode()
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return str(value)


def hidden(_value: Any) -> str:
    """Return a placeholder that reveals nothing of a secret, not even its length."""
    return HIDDEN


def shown_url(url: str) -> str:
    """Return scheme, host and port of a URL: user, password, path and query may be secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…" if parts.netloc else HIDDEN


def shown_chains(urls: Mapping[int, str]) -> str:
    """Return the URL of each chain as `shown_url` does, as JSON."""
    shown_urls = {str(chain_id): shown_url(url) for chain_id, url in urls.items()}
    return msgspec.json.encode(shown_urls).decode()


def shown_database(url: str) -> str:
    """Return scheme, host and database of a URL, without user, password and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
