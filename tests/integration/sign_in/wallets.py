"""Contract wallets, and how their signatures are wrapped."""

from __future__ import annotations

from eth_abi.abi import decode, encode

from .machine import Contract, Reverted, World

VALID = bytes.fromhex("1626ba7e") + bytes(28)
SELECTOR = bytes.fromhex("1626ba7e")
MAGIC = bytes.fromhex("6492" * 16)
FACTORY = b"\xfa" * 20


def wallet(good: bytes) -> Contract:
    """A wallet for which one signature is good, for any digest."""

    def answer(data: bytes) -> bytes:
        assert data[:4] == SELECTOR
        digest, signature = decode(["bytes32", "bytes"], data[4:])
        assert len(digest) == 32
        return VALID if signature == good else b"\xff" * 4 + bytes(28)

    return answer


def reverting(_data: bytes) -> bytes:
    """A wallet that reverts, and hands the word of success out with it."""
    raise Reverted(VALID)


def factory(world: World, address: bytes, contract: Contract) -> Contract:
    """A contract that deploys another one, once, when it is called with `deploy`."""

    def answer(data: bytes) -> bytes:
        if data != b"deploy" or address in world.contracts:
            raise Reverted
        world.contracts[address] = contract
        return address.rjust(32, b"\0")

    return answer


def wrapped(signature: bytes, to: bytes = FACTORY, call: bytes = b"deploy") -> bytes:
    """A signature as EIP-6492 wraps it."""
    return encode(["address", "bytes", "bytes"], [to, call, signature]) + MAGIC
