"""The kinds of values that settings have."""

from __future__ import annotations

from passport_scorer.settings.display import hidden, shown_chains, shown_url
from passport_scorer.settings.parsers import (
    BIGINT,
    chain_addresses,
    header_name,
    hosts,
    issuers,
    log_level,
    one_of,
    path_prefix,
    private_key,
    public_key,
    redis_address,
    share,
    switch,
    texts,
    unix_time,
    web_address,
    whole_number,
)
from passport_scorer.settings.variables import Kind

TEXT = Kind(str)
SECRET = Kind(str, hidden)
TEXTS = Kind(texts)
SECRETS = Kind(texts, hidden)
SWITCH = Kind(switch)
SHARE = Kind(share)
TIME = Kind(unix_time)
URL = Kind(web_address, shown_url)
UNCHECKED_URL = Kind(str, shown_url)
CHAIN_URLS = Kind(chain_addresses, shown_chains)
REDIS_URL = Kind(redis_address, shown_url)
PUBLIC_KEY = Kind(public_key, hidden)
PRIVATE_KEY = Kind(private_key, hidden)
HOSTS = Kind(hosts)
ISSUERS = Kind(issuers)
HEADER = Kind(header_name)
PATH_PREFIX = Kind(path_prefix)
LOG_LEVEL = Kind(log_level)
PORT = Kind(whole_number(0, 65_535))
SCORER_ID = Kind(whole_number(0, BIGINT - 1))


def number(least: int, most: int) -> Kind:
    """Return the kind of whole numbers from `least` to `most`."""
    return Kind(whole_number(least, most))


def choice(*words: str) -> Kind:
    """Return the kind of values that are one of these words."""
    return Kind(one_of(*words))
