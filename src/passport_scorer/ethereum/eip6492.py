"""The calls by which a node verifies the signature of a contract wallet.

EIP-1271: a contract answers `isValidSignature(bytes32,bytes)` with a fixed word. EIP-6492: the
contract is not deployed yet (or not ready); the signature is wrapped together with a call that
deploys (or prepares) it. Both calls must happen in one `eth_call`, so the node executes the code
below as initialization code of a contract; nothing is stored.

Source: EIP-1271; EIP-6492 ("Verifier side"); Ethereum Yellow Paper, appendix H (opcodes).
"""

from __future__ import annotations

import msgspec

IS_VALID_SIGNATURE = bytes.fromhex("1626ba7e")
# Compared as a whole word: the identity precompile 0x…04 returns its call data, which starts with
# the same four bytes.
VALID = IS_VALID_SIGNATURE.ljust(32, b"\0")
MAGIC_SUFFIX = bytes.fromhex("6492" * 16)

_WORD = 32
_EQ, _AND, _POP, _MLOAD, _MSTORE = b"\x14", b"\x16", b"\x50", b"\x51", b"\x52"
_CODECOPY, _RETURNDATASIZE, _GAS = b"\x39", b"\x3d", b"\x5a"
_CALL, _STATICCALL, _RETURN = b"\xf1", b"\xfa", b"\xf3"


class WrappedSignature(msgspec.Struct, frozen=True):
    """A signature of a wallet that must be deployed or prepared first.

    Attributes:
        factory: the contract (20 bytes) that does so.
        factory_call: the call data for it.
        signature: the signature for the wallet.
    """

    factory: bytes
    factory_call: bytes
    signature: bytes


def unwrap(signature: bytes) -> WrappedSignature | None:
    """Decode a signature of EIP-6492; return None for any other signature.

    It is `abi.encode((address, bytes, bytes))`, followed by 32 magic bytes.

    Raises:
        ValueError: it has the magic bytes, but is malformed.
    """
    if not signature.endswith(MAGIC_SUFFIX):
        return None
    encoded = signature[: -len(MAGIC_SUFFIX)]
    factory = _word(encoded, 0)
    if factory[:12] != bytes(12):
        raise ValueError("no address")
    return WrappedSignature(factory[12:], _octets(encoded, _WORD), _octets(encoded, 2 * _WORD))


def is_valid_signature_call(digest: bytes, signature: bytes) -> bytes:
    """Return the call data of `isValidSignature(digest, signature)`."""
    padded = signature + bytes(-len(signature) % _WORD)
    head = digest + _number(2 * _WORD) + _number(len(signature))
    return IS_VALID_SIGNATURE + head + padded


def deploy_and_ask(wrapped: WrappedSignature, wallet: bytes, digest: bytes) -> bytes:
    """Return code that makes the wrapped call, then asks the wallet, and returns one byte.

    The byte is 1 if the wallet returned exactly `VALID`, else 0. The first call is allowed to
    fail, because the wallet may be deployed by now. A wallet without code returns nothing.
    """
    question = is_valid_signature_call(digest, wrapped.signature)
    end = len(_program(wrapped, wallet, b"", 0))
    return _program(wrapped, wallet, question, end) + wrapped.factory_call + question


def _program(wrapped: WrappedSignature, wallet: bytes, question: bytes, end: int) -> bytes:
    """Return the code, whose length does not depend on `end`, where the call data follow."""
    first, second = len(wrapped.factory_call), len(question)
    nothing = _push(bytes(1))
    return b"".join(
        (
            _copy_to_memory(end, first),
            # CALL(gas, factory, value 0, memory 0 to `first`, nowhere)
            *(nothing, nothing, _size(first), nothing, nothing),
            *(_push(wrapped.factory), _GAS, _CALL, _POP),
            _copy_to_memory(end + first, second),
            # STATICCALL(gas, wallet, memory 0 to `second`, 32 bytes of the answer to memory 0)
            *(_push(b"\x20"), nothing, _size(second), nothing, _push(wallet), _GAS, _STATICCALL),
            *(_RETURNDATASIZE, _push(b"\x20"), _EQ, _AND),
            *(nothing, _MLOAD, _push(VALID), _EQ, _AND),
            # RETURN(31, 1): the last byte of the word at 0
            *(nothing, _MSTORE, _push(b"\x01"), _push(b"\x1f"), _RETURN),
        )
    )


def _copy_to_memory(offset: int, length: int) -> bytes:
    """CODECOPY(memory 0, `offset` in the code, `length`)."""
    return _size(length) + _size(offset) + _push(bytes(1)) + _CODECOPY


def _push(octets: bytes) -> bytes:
    """PUSH1 to PUSH32."""
    return bytes([0x5F + len(octets)]) + octets


def _size(number: int) -> bytes:
    return _push(number.to_bytes(4))


def _number(number: int) -> bytes:
    return number.to_bytes(_WORD)


def _word(encoded: bytes, offset: int) -> bytes:
    word = encoded[offset : offset + _WORD]
    if len(word) != _WORD:
        raise ValueError("too short")
    return word


def _octets(encoded: bytes, offset: int) -> bytes:
    """Read the `bytes` whose position is stored at `offset`."""
    start = int.from_bytes(_word(encoded, offset))
    length = int.from_bytes(_word(encoded, start))
    octets = encoded[start + _WORD : start + _WORD + length]
    if len(octets) != length:
        raise ValueError("too short")
    return octets
