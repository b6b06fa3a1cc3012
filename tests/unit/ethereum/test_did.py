"""DIDs that tell their key by their own text."""

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.ethereum.did import (
    address_spellings,
    checksummed,
    did_key,
    ed25519_key,
    ethereum_address,
    key_fragment,
)
from passport_scorer.ethereum.errors import IssuerUnresolvable

LOWER = "0x018d103c154748e8d5a1d7658185125175457f84"
CHECKSUMMED = "0x018d103C154748E8D5a1d7658185125175457F84"


@given(st.binary(min_size=20, max_size=20))
def test_checksums_are_those_of_eip_55(address: bytes) -> None:
    """The checksum agrees with another implementation's."""
    assert checksummed(address) == to_checksum_address(address)


@pytest.mark.parametrize("address", [LOWER, CHECKSUMMED])
def test_an_address_is_read_in_lower_case_or_with_its_checksum(address: str) -> None:
    """Both spellings are the same address."""
    assert ethereum_address(f"did:ethr:{address}").hex() == LOWER[2:]


@pytest.mark.parametrize(
    "did",
    [
        "did:ethr:" + CHECKSUMMED.replace("C", "c"),
        "did:ethr:0x" + LOWER[2:].upper(),
        "did:ethr:" + LOWER[2:],
        "did:ethr:0X" + LOWER[2:],
        "did:ethr:mainnet:" + LOWER,
        "did:ethr:" + LOWER + "00",
        "did:ethr:" + LOWER + "\n",
        "did:pkh:eip155:1:" + LOWER,
        "",
    ],
)
def test_other_issuers_have_no_address(did: str) -> None:
    """A wrong checksum, a network, a public key, or another method is refused."""
    with pytest.raises(IssuerUnresolvable):
        ethereum_address(did)


@given(st.binary(min_size=32, max_size=32))
def test_a_did_key_holds_its_key(public_key: bytes) -> None:
    """Writing a key as a DID and reading it gives the key."""
    assert ed25519_key(did_key(public_key)) == public_key


def test_a_known_did_key() -> None:
    """The example of RFC 8032, test 1, is the one that others write."""
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    did = did_key(bytes.fromhex(public))
    assert did == "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"
    assert key_fragment(did) == did.removeprefix("did:key:")


@pytest.mark.parametrize(
    "did",
    [
        "did:key:",
        "did:key:zzz",
        "did:key:z" + "1" * 34,
        "did:key:z6Mk0",
        "did:key:uAAAA",
        "did:key:z" + "2" * 100,
        "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc",
        "did:ethr:" + LOWER,
    ],
)
def test_other_issuers_have_no_ed25519_key(did: str) -> None:
    """Another encoding, length, kind of key, or method is refused."""
    with pytest.raises(IssuerUnresolvable):
        ed25519_key(did)


def test_an_address_is_searched_for_in_three_spellings() -> None:
    """Lower case, upper case, and with its checksum, which only an address has."""
    address = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    expected = [address.lower(), "0x" + address[2:].upper(), address]
    assert address_spellings(address) == address_spellings(address.lower()) == expected
    assert address_spellings("Alice") == ["alice", "alICE"]
