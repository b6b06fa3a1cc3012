"""Compiling types, and the digests of messages."""

from typing import Any

import pytest

from passport_scorer.ethereum import eip712
from passport_scorer.ethereum.eip712 import typed_data_plan
from passport_scorer.ethereum.eip712_types import MAXIMUM_STRING
from passport_scorer.ethereum.errors import MessageUnfit, TypesRefused

Types = dict[str, list[dict[str, str]]]


def types_of(**structs: dict[str, str]) -> Types:
    """EIP-712 types, each struct written as field name -> type."""
    return {
        struct: [{"name": name, "type": type_name} for name, type_name in fields.items()]
        for struct, fields in structs.items()
    }


def digest(type_name: str, value: object) -> bytes:
    """The digest of a message with one member of that type."""
    plan = typed_data_plan("Message", types_of(Message={"member": type_name}))
    return plan.digest({"name": "domain"}, {"member": value})


def test_the_example_of_the_standard() -> None:
    """The mail of EIP-712 has the digest that the standard gives."""
    types = types_of(
        EIP712Domain={
            "name": "string",
            "version": "string",
            "chainId": "uint256",
            "verifyingContract": "address",
        },
        Person={"name": "string", "wallet": "address"},
        Mail={"from": "Person", "to": "Person", "contents": "string"},
    )
    domain = {
        "name": "Ether Mail",
        "version": "1",
        "chainId": 1,
        "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
    }
    mail = {
        "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
        "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
        "contents": "Hello, Bob!",
    }
    expected = "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"
    assert typed_data_plan("Mail", types).digest(domain, mail).hex() == expected


def test_a_missing_domain_type_has_a_name() -> None:
    """Without `EIP712Domain`, the domain's type is its name."""
    without = types_of(Message={"member": "string"})
    explicit = types_of(EIP712Domain={"name": "string"}, Message={"member": "string"})
    message = ({"name": "domain"}, {"member": "x"})
    assert typed_data_plan("Message", without).digest(*message) == typed_data_plan(
        "Message", explicit
    ).digest(*message)


def test_an_absent_member_is_32_zero_bytes() -> None:
    """A member that the message lacks is hashed as the number zero would be."""
    plan = typed_data_plan("Message", types_of(Message={"member": "uint256"}))
    assert plan.digest({}, {}) == plan.digest({}, {"member": 0})


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("string", 1),
        ("string", None),
        ("string", "x" * (MAXIMUM_STRING + 1)),
        ("bool", 1),
        ("bool", "true"),
        ("bytes", "Google"),
        ("bytes", "0xabc"),
        ("bytes", "0x" + "00" * MAXIMUM_STRING),
        ("bytes2", "0xab"),
        ("bytes2", "0xababab"),
        ("bytes2", ["0xabab"]),
        ("address", "0x00"),
        ("uint8", -1),
        ("uint8", 256),
        ("uint8", True),
        ("uint8", 1.0),
        ("uint8", "0x01"),
        ("uint8", "9" * 79),
        ("int8", 128),
        ("int8", -129),
        ("string[]", "x"),
        ("string[]", None),
        ("string[]", {"0": "x"}),
        ("string[]", ["x"] * (eip712.MAXIMUM_LENGTH + 1)),
        ("string[2]", ["x"]),
        ("string[][]", ["x"]),
        ("Message[]", [[]]),
    ],
)
def test_a_value_that_isnt_of_its_type_is_refused(type_name: str, value: object) -> None:
    """A value is encoded only if it is what its type says, in its one spelling."""
    types = types_of(Outer={"member": type_name}, Message={"x": "string"})
    with pytest.raises(MessageUnfit):
        typed_data_plan("Outer", types).digest({}, {"member": value})


def test_truth_is_a_number() -> None:
    """True and false are encoded as the numbers 1 and 0."""
    assert digest("bool", True) != digest("bool", False)
    plan = typed_data_plan("Message", types_of(Message={"member": "bool"}))
    assert plan.digest({"name": "domain"}, {}) == digest("bool", False)


def test_numbers_may_be_decimal_text() -> None:
    """A large number may be written as text, since JSON writers lose its digits."""
    assert digest("uint256", str(2**255 + 1)) == digest("uint256", 2**255 + 1)
    assert digest("int16", "-7") == digest("int16", -7)


def test_a_member_without_a_type_is_refused() -> None:
    """A member that the types don't name isn't signed, so it must be absent."""
    plan = typed_data_plan("Message", types_of(Message={"member": "string", "other": "string"}))
    with pytest.raises(MessageUnfit, match="without a type"):
        plan.digest({}, {"member": "x", "extra": "y"})


@pytest.mark.parametrize("message", [None, [], "x"])
def test_a_struct_is_an_object(message: object) -> None:
    """Neither the message nor the domain may be anything but an object."""
    plan = typed_data_plan("Message", types_of(Message={"member": "string"}))
    with pytest.raises(MessageUnfit):
        plan.digest({}, message)
    with pytest.raises(MessageUnfit):
        plan.digest(message, {})


AMBIGUOUS = [
    types_of(Message={"a,string b": "string"}),
    types_of(Message={"a)Other(string b": "string"}),
    types_of(Message={"a b": "string"}),
    types_of(Message={"a\n": "string"}),
    types_of(Message={"": "string"}),
    types_of(Message={"ä": "string"}),
    types_of(Message={"a" * 129: "string"}),
    types_of(Message={"a": "Other(string b)"}, **{"Other(string b)": {}}),
    types_of(Message={"a": "Other "}, **{"Other ": {}}),
    types_of(Message={"a": "Other[]"}, **{"Other[]": {"a": "string"}}),
    types_of(Message={"a": "string"}, **{"": {}}),
    types_of(Message={"a": "string"}, string={"b": "string"}),
    types_of(Message={"a": "string"}, uint256={"b": "string"}),
    types_of(Message={"a": "string"}, bytes32={"b": "string"}),
    {"Message": [{"name": "a", "type": "string"}, {"name": "a", "type": "string"}]},
]


@pytest.mark.parametrize("types", AMBIGUOUS, ids=ascii)
def test_types_that_might_be_taken_for_others_are_refused(types: Types) -> None:
    """Names that `encodeType` couldn't tell apart from its own signs are refused, used or not."""
    with pytest.raises(TypesRefused):
        typed_data_plan("Message", types)


INCOMPLETE = [
    types_of(Message={"a": "Other"}),
    types_of(Message={"a": "uint"}),
    types_of(Message={"a": "uint7"}),
    types_of(Message={"a": "uint264"}),
    types_of(Message={"a": "bytes33"}),
    types_of(Message={"a": "bytes0"}),
    types_of(Message={"a": ""}),
    types_of(Message={"a": "[]"}),
    types_of(Message={"a": "string[-1]"}),
    types_of(Message={"a": "string[99999]"}),
    types_of(Message={"a": "string]["}),
    types_of(Message={"a": "Message"}),
    types_of(Message={"a": "Other[]"}, Other={"b": "Message"}),
    types_of(Other={"a": "string"}),
]


@pytest.mark.parametrize("types", INCOMPLETE, ids=ascii)
def test_types_that_lead_nowhere_are_refused(types: Types) -> None:
    """A reference to no type, to none that EIP-712 has, or back to itself is refused."""
    with pytest.raises(TypesRefused):
        typed_data_plan("Message", types)


OUT_OF_BOUNDS = [
    types_of(Message={"a": "string" + "[]" * (eip712.MAXIMUM_NESTING + 1)}),
    types_of(
        Message={"a": "T0"},
        **{f"T{n}": {"a": f"T{n + 1}"} for n in range(eip712.MAXIMUM_NESTING + 1)},
    ),
    types_of(Message={f"a{n}": "string" for n in range(eip712.MAXIMUM_FIELDS + 1)}),
    types_of(Message={}, **{f"T{n}": {} for n in range(eip712.MAXIMUM_TYPES)}),
    types_of(
        Message={}, **{f"T{n}": {"a" * 999 + str(m): "string" for m in range(9)} for n in range(9)}
    ),
]


@pytest.mark.parametrize("types", OUT_OF_BOUNDS, ids=range(len(OUT_OF_BOUNDS)))
def test_types_are_bounded(types: Types) -> None:
    """Too many types or fields, too deep nesting, or too much text is refused."""
    with pytest.raises(TypesRefused):
        typed_data_plan("Message", types)


@pytest.mark.parametrize(
    ("primary_type", "types"),
    [
        (None, types_of(Message={})),
        ("Message", None),
        ("Message", []),
        ("Message", {"Message": {}}),
        ("Message", {"Message": [{"name": "a"}]}),
        ("Message", {"Message": [{"name": "a", "type": "string", "more": 1}]}),
        ("Message", {"Message": [{"name": "a", "type": 1}]}),
        ("string", types_of(Message={})),
        ("Message[]", types_of(Message={})),
        ("EIP712Domain", types_of(EIP712Domain={"name": "string"})),
    ],
)
def test_malformed_types_are_refused(primary_type: Any, types: Any) -> None:
    """Types are lists of name and type, by name; the primary type is one of them."""
    with pytest.raises(TypesRefused):
        typed_data_plan(primary_type, types)


def test_a_struct_may_be_used_twice_and_structs_may_be_unused() -> None:
    """Only what the primary type reaches is part of the digest."""
    used = types_of(
        Message={"a": "Left", "b": "Right", "c": "Leaf[2]"},
        Left={"leaf": "Leaf"},
        Right={"leaf": "Leaf"},
        Leaf={"x": "string"},
    )
    plan = typed_data_plan("Message", used)
    with_more = typed_data_plan("Message", {**used, **types_of(Unused={"me": "Unused"})})
    leaf = {"x": "y"}
    message = {"a": {"leaf": leaf}, "b": {"leaf": leaf}, "c": [leaf, leaf]}
    assert plan.digest({}, message) == with_more.digest({}, message)
    assert "Unused" not in with_more.fields


def test_plans_are_cached_by_all_that_they_depend_on() -> None:
    """Equal types share a plan; another order of fields or another primary type has its own."""
    types = types_of(A={"x": "string", "y": "string"}, B={"x": "string", "y": "string"})
    reordered = {**types, "A": types["A"][::-1]}
    plan = typed_data_plan("A", types)
    assert typed_data_plan("A", dict(types)) is plan
    message = {"x": "1", "y": "2"}
    others = [typed_data_plan("B", types), typed_data_plan("A", reordered)]
    assert len({each.digest({}, message) for each in (plan, *others)}) == 3


def test_the_memory_of_plans_is_bounded() -> None:
    """The cache of plans is bounded, however many lists of types are presented."""
    for n in range(eip712.REMEMBERED_PLANS + 10):
        typed_data_plan("Message", types_of(Message={f"a{n}": "string"}))
    assert eip712._compiled_plan.cache_info().currsize == eip712.REMEMBERED_PLANS
