"""Provider IDs in paths can be encoded once or twice."""

from __future__ import annotations

import pytest

from passport_scorer.api.internal.custom_credential import provider_ids


@pytest.mark.parametrize(
    ("decoded", "expected"),
    [
        ("NFT#Example#08425cad", ["NFT#Example#08425cad"]),
        ("NFT%23Example%2308425cad", ["NFT%23Example%2308425cad", "NFT#Example#08425cad"]),
        ("NFT#100%#08425cad", ["NFT#100%#08425cad"]),
        ("NFT#a%20b#08425cad", ["NFT#a%20b#08425cad", "NFT#a b#08425cad"]),
        ("a\0b", []),
        ("a%00b", ["a%00b"]),
    ],
)
def test_an_id_is_taken_as_it_is_and_decoded_once_more(decoded: str, expected: list[str]) -> None:
    """The literal ID comes first; IDs that no column can hold are dropped."""
    assert provider_ids(decoded) == expected
