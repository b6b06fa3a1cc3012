"""Typed data has the same digests as in ethers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from passport_scorer.ethereum.eip712 import typed_data_plan

FILE = Path(__file__).parent / "typed_data" / "ethers.json"
VECTORS: list[dict[str, Any]] = json.loads(FILE.read_text("utf-8"))
# Members of a domain in the order of EIP-712; ethers' vectors leave the domain's type out.
DOMAIN = {
    "name": "string",
    "version": "string",
    "chainId": "uint256",
    "verifyingContract": "address",
    "salt": "bytes32",
}


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_digests(vector: dict[str, Any]) -> None:
    """The digest is the recorded one."""
    members = [
        {"name": name, "type": kind} for name, kind in DOMAIN.items() if name in vector["domain"]
    ]
    plan = typed_data_plan(vector["primaryType"], {"EIP712Domain": members, **vector["types"]})
    assert "0x" + plan.digest(vector["domain"], vector["data"]).hex() == vector["digest"]
