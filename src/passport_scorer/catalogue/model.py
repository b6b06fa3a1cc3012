"""The document of the stamp catalogue.

Source: docs/rules/partner-api.md, "Stamp catalogue".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urljoin

import msgspec

from passport_scorer.domain.errors import PassportScorerError


class UnreadableCatalogue(PassportScorerError):
    """The document is not a stamp catalogue."""

    code = "unreadable_catalogue"


class ListedStamp(msgspec.Struct, frozen=True):
    """A stamp.

    Attributes:
        name: the provider.
        description: a sentence for users.
        hash: a hash of the provider name.
    """

    name: str
    description: str
    hash: str


class Group(msgspec.Struct, frozen=True):
    """A group of stamps of a platform.

    Attributes:
        name: the title of the group.
        stamps: the stamps in the group.
    """

    name: str
    stamps: list[ListedStamp]


class Platform(msgspec.Struct, frozen=True, rename="camel"):
    """A source of stamps.

    Attributes:
        id: the short name of the platform.
        icon: the URL of the icon.
        name: the display name of the platform.
        description: a sentence for users.
        connect_message: the label of the connect button.
        groups: the stamps of the platform, in groups.
    """

    id: str
    icon: str
    name: str
    description: str
    connect_message: str
    groups: list[Group]


class ShownPlatform(msgspec.Struct, frozen=True, rename="camel"):
    """A platform without its stamps.

    Attributes:
        name: the display name of the platform.
        id: the short name of the platform.
        icon: the URL of the icon.
        description: a sentence for users.
        connect_message: the label of the connect button.
    """

    name: str
    id: str
    icon: str
    description: str
    connect_message: str


class StampMetadata(msgspec.Struct, frozen=True):
    """The catalogue entry of a stamp.

    Attributes:
        name: the provider.
        description: a sentence for users.
        hash: a hash of the provider name.
        group: the group in which the platform lists the stamp.
        platform: the platform that the stamp comes from.
    """

    name: str
    description: str
    hash: str
    group: str
    platform: ShownPlatform


class Catalogue(msgspec.Struct, frozen=True):
    """The catalogue.

    Attributes:
        platforms: the whole document.
        stamps: provider -> its metadata.
    """

    platforms: Sequence[Platform]
    stamps: Mapping[str, StampMetadata]


_DOCUMENT = msgspec.json.Decoder(list[Platform])


def read_catalogue(document: bytes, base: str) -> Catalogue:
    """Read the document; unknown members are ignored.

    Args:
        document: JSON.
        base: the base URL of relative icons.

    Raises:
        UnreadableCatalogue: the document is malformed.
    """
    try:
        platforms = [
            msgspec.structs.replace(platform, icon=urljoin(base, platform.icon))
            for platform in _DOCUMENT.decode(document)
        ]
    except (msgspec.MsgspecError, ValueError) as error:
        raise UnreadableCatalogue from error
    return Catalogue(platforms, _stamps(platforms))


def _stamps(platforms: Sequence[Platform]) -> dict[str, StampMetadata]:
    """Return provider -> metadata; the first entry of a provider wins."""
    found: dict[str, StampMetadata] = {}
    for platform in platforms:
        shown = msgspec.convert(platform, ShownPlatform, from_attributes=True)
        for group in platform.groups:
            for stamp in group.stamps:
                found.setdefault(
                    stamp.name,
                    StampMetadata(stamp.name, stamp.description, stamp.hash, group.name, shown),
                )
    return found
