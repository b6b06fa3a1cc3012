"""Digests agree with another implementation's, for whatever types and values."""

from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from passport_scorer.ethereum.eip712 import typed_data_plan
from tests.support.hypothesis_profiles import examples

Shape = tuple[str, Any]  # a type's name, and a strategy for its values
NAMES = st.from_regex(r"[a-z@][a-zA-Z0-9_]{0,8}", fullmatch=True)


def hexadecimal(minimum: int, maximum: int) -> st.SearchStrategy[str]:
    """Bytes as `0x…`."""
    return st.binary(min_size=minimum, max_size=maximum).map(lambda octets: "0x" + octets.hex())


def atomic() -> st.SearchStrategy[Shape]:
    """Every atomic type, with values over its whole range."""
    bits = st.integers(1, 32).map(lambda octets: octets * 8)
    return st.one_of(
        st.just(("string", st.text(max_size=40))),
        st.just(("bool", st.booleans())),
        st.just(("bytes", hexadecimal(0, 40))),
        st.just(("address", hexadecimal(20, 20))),
        st.integers(1, 32).map(lambda size: (f"bytes{size}", hexadecimal(size, size))),
        bits.map(lambda size: (f"uint{size}", st.integers(0, 2**size - 1))),
        bits.map(lambda size: (f"int{size}", st.integers(-(2 ** (size - 1)), 2 ** (size - 1) - 1))),
    )


def with_arrays(shapes: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    """A type, or arrays of it in one or two dimensions, with and without a length."""

    def listed(shape: Shape) -> st.SearchStrategy[Shape]:
        name, values = shape
        return st.sampled_from(
            [
                shape,
                (f"{name}[]", st.lists(values, max_size=3)),
                (f"{name}[2]", st.lists(values, min_size=2, max_size=2)),
                (f"{name}[][2]", st.lists(st.lists(values, max_size=2), min_size=2, max_size=2)),
            ]
        )

    return shapes.flatmap(listed)


@st.composite
def typed_messages(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Types `T0` … `Tn`, each using those before it, and a message of the last one."""
    types: dict[str, list[dict[str, str]]] = {}
    values: dict[str, st.SearchStrategy[dict[str, Any]]] = {}
    for number in range(draw(st.integers(1, 4))):
        structs = [(name, values[name]) for name in types]
        shapes = with_arrays(st.one_of(atomic(), *map(st.just, structs)))
        fields = draw(st.dictionaries(NAMES, shapes, min_size=1, max_size=4))
        fields.update({"previous": structs[-1]} if structs else {})  # so that all are reached
        types[f"T{number}"] = [{"name": name, "type": fields[name][0]} for name in fields]
        values[f"T{number}"] = st.fixed_dictionaries({name: fields[name][1] for name in fields})
    return types, draw(values[f"T{number}"])


@given(typed_messages())
@settings(max_examples=examples(60), deadline=None)
def test_digests_are_those_of_the_oracle(typed: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """For nested structs, arrays and every atomic type the digest is eth-account's."""
    types, message = typed
    primary = list(types)[-1]
    domain = {"name": "VerifiableCredential", "version": "1", "chainId": 1}
    domain_type = [
        {"name": "name", "type": "string"},
        {"name": "version", "type": "string"},
        {"name": "chainId", "type": "uint256"},
    ]
    types = {"EIP712Domain": domain_type, **types}
    signable = encode_typed_data(
        full_message={
            "domain": domain,
            "types": types,
            "primaryType": primary,
            "message": message,
        }
    )
    expected = keccak(b"\x19" + signable.version + signable.header + signable.body)
    assert typed_data_plan(primary, types).digest(domain, message) == expected
