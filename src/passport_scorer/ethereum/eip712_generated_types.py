"""The EIP-712 types of a credential whose proof brings none along: made from the document itself.

Stamps of 2023 were signed so. Their types are a function of the message, so nobody can choose
them; and what is signed starts with their hash, so no other document has the same digest.

Source: Ethereum EIP712 Signature 2021, "Types Generation".
"""

from typing import Any

from passport_scorer.ethereum.errors import TypesRefused, shortened

PRIMARY_TYPE = "Document"

_Fields = list[dict[str, str]]


def generated_types(message: dict[str, Any]) -> dict[str, _Fields]:
    """Return the types of a message: name of a struct -> its fields, each `{name, type}`.

    Fields are in the order of their names, an integer is a `uint256`, and an object is a struct
    that is called as its member is, with a capital letter.

    Args:
        message: as decoded from JSON, of bounded depth.

    Raises:
        TypesRefused: a value has no type (null, fractions, lists that are empty, mixed or hold
            objects), or two objects that differ would be structs of one name.
    """
    types: dict[str, _Fields] = {}
    _add_struct(types, PRIMARY_TYPE, message)
    return types


def _add_struct(types: dict[str, _Fields], name: str, members: dict[str, Any]) -> None:
    fields: _Fields = []
    # The specification sorts by UTF-16; names that this could put elsewhere are no names in types.
    for member in sorted(members):
        value = members[member]
        if type(value) is dict:
            type_name = member[:1].upper() + member[1:]
            _add_struct(types, type_name, value)
        else:
            type_name = _type_of(member, value)
        fields.append({"name": member, "type": type_name})
    if types.setdefault(name, fields) != fields:
        raise TypesRefused(f"Two objects that differ would be the struct {shortened(name)}.")


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
