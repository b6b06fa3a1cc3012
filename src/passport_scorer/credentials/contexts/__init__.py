"""The bundled JSON-LD contexts; README.md in this folder names their sources."""

import json
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

CREDENTIALS_V1 = "https://www.w3.org/2018/credentials/v1"
SECURITY_V1 = "https://w3id.org/security/v1"
SECURITY_V2 = "https://w3id.org/security/v2"
STATUS_LIST_2021 = "https://w3id.org/vc/status-list/2021/v1"

BUNDLED = MappingProxyType(
    {
        CREDENTIALS_V1: "credentials-v1.jsonld",
        SECURITY_V1: "security-v1.jsonld",
        SECURITY_V2: "security-v2.jsonld",
        STATUS_LIST_2021: "vc-status-list-2021-v1.jsonld",
    }
)
"""Address of a bundled context -> its file."""


@cache
def bundled_context(address: str) -> dict[str, Any]:
    """Return the document at the address of a bundled context; don't change it.

    Raises:
        KeyError: no such context is bundled.
    """
    text = (files(__package__) / BUNDLED[address]).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
