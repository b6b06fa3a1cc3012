"""Typed structured data: compiles the types, and computes the digest that is signed.

The types come with each credential, so an attacker can choose them. That is harmless because they
are part of the digest (every struct's hash starts with the hash of its `encodeType`), provided that
no two lists of types have the same `encodeType`. Therefore names contain no character of the syntax
of `encodeType`, no struct has the name of an atomic type, no field name repeats, and every
reference is resolved. Depth, number and length are bounded.

Compiling costs more than hashing a message, and stamps share few lists of types: compiled plans are
cached by the full text of their types.

Source: EIP-712; docs/rules/credentials.md, "EIP-712 suite".
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from passport_scorer.ethereum.eip712_types import Encoder, atomic_encoder, is_atomic
from passport_scorer.ethereum.errors import MessageUnfit, TypesRefused, shortened
from passport_scorer.ethereum.keccak import keccak

if TYPE_CHECKING:
    from collections.abc import Mapping

MAXIMUM_TYPES = 32
MAXIMUM_FIELDS = 64  # of one type
MAXIMUM_NESTING = 8  # structs within structs, and dimensions of an array
MAXIMUM_LENGTH = 256  # elements of one array
MAXIMUM_TYPES_SIZE = 16_384  # bytes, of all types as JSON
REMEMBERED_PLANS = 64  # times MAXIMUM_TYPES_SIZE: one megabyte at most

_DOMAIN = "EIP712Domain"
_ABSENT = bytes(32)
_NAME = re.compile(r"[!-'*+\--Z\\^-~]{1,128}")  # printable ASCII without ( ) , [ ]
_REFERENCE = re.compile(r"([^\[\]]*)((?:\[[0-9]{0,4}\])*)")
_encode_json = msgspec.json.Encoder().encode


class _Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    type: str


_Types = dict[str, list[_Field]]
_decode_types = msgspec.json.Decoder(tuple[str, _Types]).decode


class TypedDataPlan:
    """A compiled list of types with its primary type.

    `fields` maps each struct that the primary type reaches to the types of its fields.
    """

    def __init__(self, primary_type: str, types: _Types) -> None:
        _check_names(types)
        compiler = _Compiler({_DOMAIN: [_Field("name", "string")], **types})
        self._hash_domain = compiler.struct(_DOMAIN, nesting=0).encoder
        self._hash_message = compiler.struct(primary_type, nesting=0).encoder
        self.primary_type = primary_type
        self.fields: Mapping[str, Mapping[str, str]] = {
            name: {field.name: field.type for field in compiler.types[name]}
            for name in compiler.compiled
        }

    def digest(self, domain: object, message: object) -> bytes:
        """Return the 32 bytes that are signed for a message (both as decoded from JSON).

        Raises:
            MessageUnfit: a value does not match its type, or a member has no type.
        """
        return keccak(b"\x19\x01" + self._hash_domain(domain) + self._hash_message(message))


def typed_data_plan(primary_type: object, types: object) -> TypedDataPlan:
    """Return the plan for types as decoded from JSON: an object of lists of `{name, type}`.

    Raises:
        TypesRefused: malformed, ambiguous, incomplete, recursive, or out of bounds.
    """
    # The cache key is the complete JSON text, so that no two lists of types can be confused.
    text = _encode_json((primary_type, types))
    if len(text) > MAXIMUM_TYPES_SIZE:
        raise TypesRefused(f"The types have more than {MAXIMUM_TYPES_SIZE} bytes.")
    return _compiled_plan(text)


@lru_cache(maxsize=REMEMBERED_PLANS)
def _compiled_plan(text: bytes) -> TypedDataPlan:
    try:
        primary_type, types = _decode_types(text)
    except msgspec.ValidationError as error:
        raise TypesRefused("The types aren't lists of name and type, by name.") from error
    if primary_type == _DOMAIN:
        raise TypesRefused("The domain's type can't be the message's.")
    return TypedDataPlan(primary_type, types)


def _check_names(types: _Types) -> None:
    """Reject names that would give two lists of types the same `encodeType`."""
    if len(types) > MAXIMUM_TYPES:
        raise TypesRefused(f"There are more than {MAXIMUM_TYPES} types.")
    for name, fields in types.items():
        field_names = {field.name for field in fields}
        if len(fields) > MAXIMUM_FIELDS or len(field_names) < len(fields):
            raise TypesRefused(f"Type {shortened(name)} repeats a field or has too many.")
        for each in (name, *field_names):
            if not _NAME.fullmatch(each):
                raise TypesRefused(f"{shortened(each)} can't be a name in types.")
        if is_atomic(name):
            raise TypesRefused(f"Type {shortened(name)} has the name of an atomic type.")


class _CompiledStruct(msgspec.Struct, frozen=True):
    encoder: Encoder
    reaches: frozenset[str]  # the structs it refers to, including itself


class _Compiler:
    """Compiles the structs of one list of types, each once."""

    def __init__(self, types: _Types) -> None:
        self.types = types
        self.compiled: dict[str, _CompiledStruct] = {}
        self._under_way: set[str] = set()

    def struct(self, name: str, nesting: int) -> _CompiledStruct:
        """Return a compiled struct, with all structs it refers to."""
        if name in self.compiled:
            return self.compiled[name]
        if name not in self.types:
            raise TypesRefused(f"Type {shortened(name)} is missing.")
        if name in self._under_way or nesting > MAXIMUM_NESTING:
            raise TypesRefused(f"Type {shortened(name)} is recursive or nests too deep.")
        self._under_way.add(name)
        self.compiled[name] = compiled = self._compile(name, nesting)
        return compiled

    def _compile(self, name: str, nesting: int) -> _CompiledStruct:
        reaches = {name}
        members: list[tuple[str, Encoder]] = []
        for field in self.types[name]:
            encoder, reached = self._reference(f"{name}.{field.name}"[:80], field.type, nesting)
            members.append((field.name, encoder))
            reaches |= reached
        type_hash = keccak(self._encode_type(name, reaches).encode())
        return _CompiledStruct(_struct_encoder(name[:80], type_hash, members), frozenset(reaches))

    def _reference(
        self, member: str, type_name: str, nesting: int
    ) -> tuple[Encoder, frozenset[str]]:
        match = _REFERENCE.fullmatch(type_name)
        if match is None or match[2].count("[") > MAXIMUM_NESTING:
            raise TypesRefused(f"{shortened(type_name)} isn't a type.")
        reaches: frozenset[str] = frozenset()
        if (encoder := atomic_encoder(match[1], member)) is None:
            encoder, reaches = msgspec.structs.astuple(self.struct(match[1], nesting + 1))
        for length in match[2][1:-1].split("][") if match[2] else ():
            encoder = _array_encoder(member, encoder, length)
        return encoder, reaches

    def _encode_type(self, name: str, reaches: set[str]) -> str:
        return "".join(
            f"{each}({','.join(f'{field.type} {field.name}' for field in self.types[each])})"
            for each in (name, *sorted(reaches - {name}))
        )


def _array_encoder(member: str, element: Encoder, length: str) -> Encoder:
    expected = int(length) if length else None

    def encode(value: object) -> bytes:
        if type(value) is not list or len(value) > MAXIMUM_LENGTH:
            raise MessageUnfit(f"{member} isn't a list of at most {MAXIMUM_LENGTH}.")
        if expected is not None and len(value) != expected:
            raise MessageUnfit(f"{member} doesn't have {expected} elements.")
        return keccak(b"".join(map(element, value)))

    return encode


def _struct_encoder(name: str, type_hash: bytes, members: list[tuple[str, Encoder]]) -> Encoder:
    def encode(value: object) -> bytes:
        if type(value) is not dict:
            raise MessageUnfit(f"{name} isn't an object.")
        encoded = [type_hash]
        absent = 0
        for member, encode_member in members:
            if member in value:
                encoded.append(encode_member(value[member]))
            else:
                encoded.append(_ABSENT)
                absent += 1
        if len(value) + absent != len(members):
            raise MessageUnfit(f"{name} has members without a type.")
        return keccak(b"".join(encoded))

    return encode
