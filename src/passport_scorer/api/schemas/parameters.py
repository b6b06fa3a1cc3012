"""Parameters that several internal endpoints have, for the OpenAPI document."""

from __future__ import annotations

from passport_scorer.api.http.endpoint import Answer, Parameter
from passport_scorer.api.http.responses import detail_answer
from passport_scorer.api.operations import examples
from passport_scorer.domain.bounded_types import BIGINT

EXAMPLE_ADDRESS = examples.ADDRESS

ADDRESS = Parameter(
    "address",
    "An Ethereum address, in any letter case.",
    {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"},
    EXAMPLE_ADDRESS,
)
CHECKSUMMED_ADDRESS = Parameter(
    "address",
    "An Ethereum address: all lower case, all upper case, or with a correct EIP-55 checksum.",
    {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"},
    EXAMPLE_ADDRESS,
)
SCORER_ID = Parameter("scorer_id", "The id of any community.", BIGINT.schema(), 1)


def invalid_address_answer() -> Answer:
    """Describe the answer to an invalid address."""
    return detail_answer(400, "The address is not a valid Ethereum address.", "Invalid address.")


def unknown_scorer_answer() -> Answer:
    """Describe the answer to a scorer id that no community has."""
    return detail_answer(404, "There is no such scorer.", "No scorer matches the given criteria.")
