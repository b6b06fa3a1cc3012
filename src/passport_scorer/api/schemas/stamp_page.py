"""A page of stamps as a response. Source: docs/rules/partner-api.md, "Stamp pages"."""

from __future__ import annotations

import msgspec

from passport_scorer.api.operations.examples import ADDRESS, CREDENTIALS
from passport_scorer.api.schemas.page_request import PageRequest
from passport_scorer.catalogue.model import Catalogue, ShownPlatform, StampMetadata
from passport_scorer.domain.pagination import StampsPage, neighbors


class Item(msgspec.Struct, frozen=True):
    """A stamp.

    Attributes:
        version: the version of this format: `1.0.0`.
        credential: the stamp exactly as it was issued.
        metadata: its entry in the stamp catalogue; null if the catalogue does not list the
            provider or was not requested.
    """

    version: str
    credential: msgspec.Raw
    metadata: StampMetadata | None


class Page(msgspec.Struct, frozen=True):
    """A page of stamps.

    Attributes:
        next: the URL of the page with older stamps; null on the last page.
        prev: the URL of the page with newer stamps; null on the first page.
        items: the stamps, newest first.
    """

    next: str | None
    prev: str | None
    items: list[Item]


def page(found: StampsPage, asked: PageRequest, base: str, catalogue: Catalogue | None) -> Page:
    """Return the response for a page that was read.

    Args:
        found: the stamps.
        asked: the request.
        base: scheme, host and path prefix that the caller used.
        catalogue: None if the caller doesn't ask for it.
    """
    ids = [stamp.id for stamp in found.stamps]
    older, newer = neighbors(ids, has_newer=found.has_newer, has_older=found.has_older)
    known = catalogue.stamps if catalogue else {}
    return Page(
        next=asked.url(base, older) if older else None,
        prev=asked.url(base, newer) if newer else None,
        items=[
            Item("1.0.0", msgspec.Raw(stamp.document), known.get(stamp.provider))
            for stamp in found.stamps
        ],
    )


EXAMPLE_TOKEN, EXAMPLE_LIMIT = "eyJkIjogIm5leHQiLCAiaWQiOiAzfQ", 1
_NEXT, _PREVIOUS = "eyJkIjogIm5leHQiLCAiaWQiOiAyfQ", "eyJkIjogInByZXYiLCAiaWQiOiAyfQ"
_URL = f"https://api.example.org/v2/stamps/{ADDRESS}?token={{}}&limit=1&include_metadata=true"
_METADATA = StampMetadata(
    "Github",
    "Owns a GitHub account",
    "0xf6155cfbcba3f6b671b55ac08a1ce2156e95f63bb4d694f7882a24a0d1ed6854",
    "Account",
    ShownPlatform(
        name="GitHub",
        id="Github",
        icon="https://app.example.org/assets/github.svg",
        description="Work in the open",
        connect_message="Connect account",
    ),
)
EXAMPLE_PAGE = Page(
    next=_URL.format(_NEXT),
    prev=_URL.format(_PREVIOUS),
    items=[Item("1.0.0", CREDENTIALS.listed, _METADATA)],
)
