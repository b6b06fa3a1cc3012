"""A page of stamps, as it is answered. Source: specification, http.md (`/v2/stamps/{address}`)."""

from __future__ import annotations

import msgspec

from passport_scorer.api.public.page_request import PageRequest
from passport_scorer.catalogue.document import Catalogue, ShownPlatform, StampMetadata
from passport_scorer.db.partner_queries import StampsPageRow
from passport_scorer.domain.stamp_pages import neighbours


class Item(msgspec.Struct, frozen=True):
    """A stamp.

    Attributes:
        version: of this form; `1.0.0`.
        credential: the stamp as it was issued; passed on unread.
        metadata: what the catalogue says of it; null if it doesn't know it, or wasn't asked.
    """

    version: str
    credential: msgspec.Raw
    metadata: StampMetadata | None


class Page(msgspec.Struct, frozen=True):
    """A page of stamps.

    Attributes:
        next: the URL of the page with older stamps; null if there are none.
        prev: the URL of the page with newer stamps; null if there are none.
        items: the stamps, newest first.
    """

    next: str | None
    prev: str | None
    items: list[Item]


def page(row: StampsPageRow, asked: PageRequest, base: str, catalogue: Catalogue | None) -> Page:
    """Return the answer for a page that was read.

    Args:
        row: what was read.
        asked: what was asked for.
        base: scheme and host that the caller used.
        catalogue: None if the caller doesn't ask for it.
    """
    older, newer = neighbours(row.ids or (), has_newer=row.has_newer, has_older=row.has_older)
    known = catalogue.stamps if catalogue else {}
    stamps = zip(row.providers or (), row.documents or (), strict=True)
    return Page(
        next=asked.url(base, older) if older else None,
        prev=asked.url(base, newer) if newer else None,
        items=[
            Item("1.0.0", msgspec.Raw(document), known.get(provider))
            for provider, document in stamps
        ],
    )


_METADATA = StampMetadata(
    "Google",
    "Owns a Google account",
    "0xa001",
    "Account",
    ShownPlatform(
        name="Google",
        id="Google",
        icon="https://app.passport.xyz/assets/googleStampIcon.svg",
        description="An account at Google",
        connect_message="Connect account",
    ),
)
EXAMPLE_PAGE = Page(
    next="https://api.passport.xyz/v2/stamps/0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
    "?token=eyJkIjogIm5leHQiLCAiaWQiOiA1N30&limit=1&include_metadata=true",
    prev=None,
    items=[
        Item(
            "1.0.0",
            msgspec.Raw(
                b'{"type":["VerifiableCredential"],"credentialSubject":{"provider":"Google"}}'
            ),
            _METADATA,
        )
    ],
)
