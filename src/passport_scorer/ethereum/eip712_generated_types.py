"""The EIP-712 types of a credential whose proof contains none: generated from the document.

Stamps of 2023 were signed this way. Their types are a function of the message, so an attacker can't
choose them; and the digest covers their hash, so no other document has the same digest.

Source: Ethereum EIP712 Signature 2021, "Types Generation".
"""

from typing import Any

from passport_scorer.ethereum.errors import TypesRefused, shortened

PRIMARY_TYPE = "Document"

_Fields = list[dict[str, str]]


def generated_types(message: dict[str, Any]) -> dict[str, _Fields]:
    """Return the types of a message: name of a struct -> its fields, each `{name, type}`.

    Fields are sorted by name, an integer is a `uint256`, and an object is a struct named after its
    member, with a capital letter.

    Args:
        message: as decoded from JSON, of bounded depth.

    Raises:
        TypesRefused: a value has no type (null, a fraction, a list that is empty, mixed or
            contains objects), or two different objects would be structs of the same name.
    """
    types: dict[str, _Fields] = {}
    _add_struct(types, PRIMARY_TYPE, message)
    return types


def _add_struct(types: dict[str, _Fields], name: str, members: dict[str, Any]) -> None:
    fields: _Fields = []
    # The specification sorts by UTF-16 code units; names that would sort differently are rejected
    # as names in types anyway.
    for member in sorted(members):
        value = members[member]
        if type(value) is dict:
            type_name = member[:1].upper() + member[1:]
            _add_struct(types, type_name, value)
        else:
            type_name = _type_of(member, value)
        fields.append({"name": member, "type": type_name})
    if types.setdefault(name, fields) != fields:
        raise TypesRefused(f"Two different objects would be the struct {shortened(name)}.")


def _type_of(member: str, value: object) -> str:
    if type(value) is list:
        names = {_atomic_type(member, element) for element in value}
        if len(names) != 1:
            raise TypesRefused(f"The list {shortened(member)} is empty or mixed.")
        return names.pop() + "[]"
    return _atomic_type(member, value)


def _atomic_type(member: str, value: object) -> str:
    for kind, name in ((bool, "bool"), (int, "uint256"), (str, "string")):
        if type(value) is kind:
            return name
    raise TypesRefused(f"A value of {shortened(member)} has no type.")
