"""The catalogue's document."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.catalogue.model import UnreadableCatalogue, read_catalogue

BASE = "https://app.example/passport/"


def platform(**members: object) -> dict[str, Any]:
    """A platform with one stamp, Ens."""
    return {
        "id": "Ens",
        "icon": "./icons/ens.svg",
        "name": "ENS",
        "description": "A name",
        "connectMessage": "Check",
        "groups": [{"name": "Names", "stamps": [stamp("Ens")]}],
        **members,
    }


def stamp(name: str, **members: object) -> dict[str, object]:
    """A stamp of this name."""
    return {"name": name, "description": f"Has {name}", "hash": "0xc0", **members}


def document(*platforms: object) -> bytes:
    """A document of these platforms."""
    return json.dumps(platforms).encode()


def test_the_document_is_passed_on() -> None:
    """It is the fetched document, except for icon URLs and unknown members."""
    catalogue = read_catalogue(document(platform(isEVM=True)), BASE)
    expected = platform(icon="https://app.example/passport/icons/ens.svg")
    assert msgspec.to_builtins(catalogue.platforms) == [expected]


@pytest.mark.parametrize(
    ("icon", "absolute"),
    [
        ("./icons/ens.svg", "https://app.example/passport/icons/ens.svg"),
        ("icons/ens.svg", "https://app.example/passport/icons/ens.svg"),
        ("/icons/ens.svg", "https://app.example/icons/ens.svg"),
        ("../ens.svg", "https://app.example/ens.svg"),
        ("//cdn.example/ens.svg", "https://cdn.example/ens.svg"),
        ("http://cdn.example/ens.svg", "http://cdn.example/ens.svg"),
        ("data:image/svg+xml,%3Csvg/%3E", "data:image/svg+xml,%3Csvg/%3E"),
    ],
)
def test_icons_are_absolute(icon: str, absolute: str) -> None:
    """An icon is joined to the base as URLs are."""
    assert read_catalogue(document(platform(icon=icon)), BASE).platforms[0].icon == absolute


def test_the_metadata_of_a_stamp() -> None:
    """A stamp comes with its group and its platform, the latter without its stamps."""
    shown = platform(icon="https://app.example/passport/icons/ens.svg")
    del shown["groups"]
    found = read_catalogue(document(platform()), BASE).stamps
    assert msgspec.to_builtins(found) == {
        "Ens": {**stamp("Ens"), "group": "Names", "platform": shown},
    }


def test_the_first_of_two() -> None:
    """The first entry of a provider that is listed twice counts."""
    catalogue = read_catalogue(document(platform(), platform(id="Copy")), BASE)
    assert catalogue.stamps["Ens"].platform.id == "Ens"


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"<html>Not Found</html>",
        b"{}",
        b"[1]",
        b"[{}]",
        b"\xff\xfe",
        document(platform(groups=None)),
        document(platform(icon=1)),
        document(platform(icon="http://[::1")),
        document(platform(groups=[{"name": "Names", "stamps": [{"name": "Ens"}]}])),
        b"[" * 100_000,
    ],
)
def test_garbage(garbage: bytes) -> None:
    """JSON that isn't a catalogue is refused as a whole."""
    with pytest.raises(UnreadableCatalogue):
        read_catalogue(garbage, BASE)


@given(st.binary())
def test_any_bytes(anything: bytes) -> None:
    """Whatever is fetched, it is a catalogue or refused."""
    with suppress(UnreadableCatalogue):
        read_catalogue(anything, BASE)
