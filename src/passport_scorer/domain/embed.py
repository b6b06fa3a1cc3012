"""The settings of a community for pages that embed the stamps.

Source: docs/rules/internal-api.md, "Embed weights and configuration".
"""

from collections.abc import Iterable

import msgspec

from passport_scorer.domain.community import read_weights


class SectionItem(msgspec.Struct, frozen=True):
    """A platform in a section.

    Attributes:
        platform_id: the ID of the platform.
        order: its position, starting at 0.
    """

    platform_id: str
    order: int


class Section(msgspec.Struct, frozen=True):
    """A section of the embedded widget.

    Attributes:
        title: the title of the section.
        order: its position, starting at 0.
        items: the platforms in the section, in order; can be empty.
    """

    title: str
    order: int
    items: list[SectionItem]


class EmbedConfig(msgspec.Struct, frozen=True):
    """The contents of a community's page.

    Attributes:
        weights: provider -> weight.
        sections: in order; may be empty.
    """

    weights: dict[str, float]
    sections: list[Section]


def weight_numbers(document: str | None) -> dict[str, float]:
    """Return the weights of a scorer as numbers, those that can be used; see `read_weights`."""
    return {name: float(weight) for name, weight in read_weights(document).usable.items()}


def sections(places: Iterable[tuple[str, int, str | None, int | None]]) -> list[Section]:
    """Return the sections of a page, in order.

    Args:
        places: (title, order of the section, platform, order of the platform), in any order;
            both platform values are missing in a section without platforms.
    """
    found: dict[tuple[int, str], list[SectionItem]] = {}
    for title, section_order, platform_id, order in places:
        items = found.setdefault((section_order, title), [])
        if platform_id is not None and order is not None:
            items.append(SectionItem(platform_id, order))
    return [
        Section(title, order, sorted(items, key=lambda item: (item.order, item.platform_id)))
        for (order, title), items in sorted(found.items(), key=lambda entry: entry[0])
    ]
