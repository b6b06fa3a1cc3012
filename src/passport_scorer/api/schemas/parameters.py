"""Parameters that several internal endpoints share, for the OpenAPI document."""

from __future__ import annotations

from passport_scorer.api.http.endpoint import Parameter
from passport_scorer.api.operations import examples
from passport_scorer.domain.bounded_types import BIGINT

EXAMPLE_ADDRESS = examples.ADDRESS

ADDRESS = Parameter(
    "address",
    "An Ethereum address; letter case does not matter.",
    {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"},
    EXAMPLE_ADDRESS,
)
CHECKSUMMED_ADDRESS = Parameter(
    "address",
    "An Ethereum address in all lower case, all upper case, or with a valid EIP-55 checksum.",
    {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"},
    EXAMPLE_ADDRESS,
)
SCORER_ID = Parameter("scorer_id", "The ID of any community.", BIGINT.schema(), 1)
