"""Pagination of stamps, newest first: tokens of the next and the previous page.

Source: docs/rules/partner-api.md, "Pagination".
"""

import base64
import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from passport_scorer.domain.api_key import ApiKey
from passport_scorer.domain.bounded_types import BIGINT
from passport_scorer.domain.errors import PassportScorerError

LARGEST_PAGE = 1000
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{1,200}")
_LARGEST_ID = BIGINT.most


class InvalidLimit(PassportScorerError):
    """Invalid limit."""

    code = "invalid_limit"


class InvalidToken(PassportScorerError):
    """Invalid token."""

    code = "invalid_page_token"


class Cursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The position of a page.

    Attributes:
        d: `next`: ids below `id`, the highest first; `prev`: ids above it, those next to it.
        id: the last or the first id of the adjacent page.
    """

    d: Literal["next", "prev"]
    id: Annotated[int, msgspec.Meta(ge=1, le=_LARGEST_ID)]

    def token(self) -> str:
        """Return the token of the page for callers: unpadded base64url."""
        text = f'{{"d": "{self.d}", "id": {self.id}}}'
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


class PagedStamp(msgspec.Struct, frozen=True, gc=False):
    """A stamp on a page.

    Attributes:
        id: the id of its row.
        provider: what it attests.
        document: the JSON text of the credential.
    """

    id: int
    provider: str
    document: str


class StampsPage(msgspec.Struct, frozen=True):
    """A page of stamps, as a partner reads it.

    Attributes:
        key: the partner's API key; None: unknown, and nothing was read.
        stamps: highest id first.
        has_newer: there are stamps with higher ids.
        has_older: there are stamps with lower ids.
    """

    key: ApiKey | None
    stamps: list[PagedStamp] = []
    has_newer: bool = False
    has_older: bool = False


START = Cursor("next", _LARGEST_ID)
_CURSOR = msgspec.json.Decoder(Cursor)


def parse_token(token: str) -> Cursor:
    """Read a token; an empty token is the first page, and base64 padding is accepted.

    Raises:
        InvalidToken: `Cursor.token` can't have made it.
    """
    if not token:
        return START
    unpadded = token.rstrip("=")
    if not _BASE64URL.fullmatch(unpadded):
        raise InvalidToken
    try:
        return _CURSOR.decode(base64.urlsafe_b64decode(unpadded + "=" * (-len(unpadded) % 4)))
    except (ValueError, msgspec.MsgspecError) as error:
        raise InvalidToken from error


def check_limit(limit: int | None) -> int:
    """Return the maximum number of stamps on a page; by default the largest.

    Raises:
        InvalidLimit: the limit is not from 1 to 1000.
    """
    if limit is None:
        return LARGEST_PAGE
    if not 1 <= limit <= LARGEST_PAGE:
        raise InvalidLimit
    return limit


def neighbors(
    ids: Sequence[int], *, has_newer: bool, has_older: bool
) -> tuple[Cursor | None, Cursor | None]:
    """Return the cursors of the neighboring pages: of older stamps (`next`) and newer (`prev`).

    Args:
        ids: the ids on the page, the highest first.
        has_newer: there are stamps with higher ids.
        has_older: there are stamps with lower ids.

    Returns:
        None for a page that does not exist; both None for an empty page, which has no ids.
    """
    if not ids:
        return None, None
    older = Cursor("next", ids[-1]) if has_older else None
    newer = Cursor("prev", ids[0]) if has_newer else None
    return older, newer
