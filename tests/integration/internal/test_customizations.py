"""Allow lists and custom credentials as the tables hold them."""

from __future__ import annotations

import pytest

from .conftest import Internal

ADDRESS = "0x" + "ab" * 20
RULESET = "DeveloperList#PeerDevs#98ac08c5"


@pytest.mark.parametrize(
    ("name", "address", "is_member"),
    [
        ("list", ADDRESS, True),
        ("list", "0x" + "AB" * 20, True),
        ("list", "0x" + "cd" * 20, False),
        ("empty", ADDRESS, False),
        ("List", ADDRESS, False),
        ("nolist", ADDRESS, False),
        ("list", ADDRESS + "0", False),
        ("list", "somebody", False),
        ("list", "%00", False),
        ("list%00", ADDRESS, False),
        ("%FF" * 200, ADDRESS, False),
        ("a%20list%23", ADDRESS, True),
    ],
)
async def test_membership(internal: Internal, name: str, address: str, is_member: bool) -> None:
    """Only an address on the list of exactly this name is a member; nothing else is an error."""
    for number, listed in enumerate(("list", "empty", "a list#"), 1):
        await internal.insert("account_addresslist", id=number, name=listed)
        if listed != "empty":
            await internal.insert("account_addresslistmember", address=ADDRESS, list_id=number)
    answer = await internal.get(f"allow-list/{name}/{address}")
    assert (answer.status_code, answer.json()) == (200, {"is_member": is_member})


async def add_ruleset(internal: Internal, provider_id: str, definition: str) -> None:
    """Add a custom credential."""
    await internal.insert(
        "account_customcredentialruleset",
        credential_type="DEVEL",
        definition=definition,
        name="PeerDevs",
        provider_id=provider_id,
    )


@pytest.mark.parametrize("sign", ["%23", "%2523"])
async def test_a_ruleset_is_found_however_often_it_is_encoded(
    internal: Internal, sign: str
) -> None:
    """The definition is returned as stored, to the last digit."""
    await add_ruleset(internal, RULESET, '{"n": 1.10, "name": "PeerDevs"}')
    answer = await internal.get("customization/credential/" + RULESET.replace("#", sign))
    assert answer.text == '{"ruleset":{"n": 1.10, "name": "PeerDevs"}}'


async def test_the_name_as_it_is_comes_first(internal: Internal) -> None:
    """An id that looks encoded, and is stored so, is that id."""
    await add_ruleset(internal, "a#b", '"decoded"')
    await add_ruleset(internal, "a%23b", '"as it is"')
    assert (await internal.get("customization/credential/a%2523b")).json()["ruleset"] == "as it is"
    assert (await internal.get("customization/credential/a%23b")).json()["ruleset"] == "decoded"


@pytest.mark.parametrize("provider_id", ["nothing", "%00", "%2500", "a" * 5000, "%FF", "%"])
async def test_an_unknown_ruleset_is_not_found(internal: Internal, provider_id: str) -> None:
    """Whatever names no ruleset is 404."""
    answer = await internal.get(f"customization/credential/{provider_id}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
