"""Where the catalogue comes from: fetched, kept for an hour, and stale rather than none.

One fetch at a time. While one is under way, and while fetching fails, callers get what is kept.
After a failure it is left alone for a while: a second first, then twice as long each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname

import structlog

from passport_scorer.catalogue.model import Catalogue, UnreadableCatalogue, read_catalogue
from passport_scorer.domain.errors import PassportScorerError

KEPT_SECONDS = 3600.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
LARGEST_DOCUMENT = 8 * 1024 * 1024  # bytes; the real one has some 200 KB
_DOCUMENT_NAME = "stampMetadata.json"

log = structlog.get_logger()


class CatalogueUnavailable(PassportScorerError):
    """Error fetching external stamp metadata"""

    code = "catalogue_unavailable"


class CatalogueSource:
    """Gives the catalogue.

    Args:
        public_url: where the document is: `http:`, `https:`, or, in the demo, `file:`; None:
            nowhere.
        clock: seconds that only grow.
        timeout: seconds that a fetch may take as a whole.
    """

    def __init__(
        self, public_url: str | None, clock: Callable[[], float], *, timeout: float = 5.0
    ) -> None:
        self._base = None if public_url is None else public_url.rstrip("/") + "/"
        self._clock = clock
        self._timeout = timeout
        self._fetching = asyncio.Lock()
        self._kept: Catalogue | None = None
        self._due_at = clock()
        self._pause = FIRST_PAUSE

    async def catalogue(self) -> Catalogue:
        """Return the catalogue, fetched if it is older than an hour.

        Raises:
            CatalogueUnavailable: it can't be fetched, and never could.
        """
        if self._is_due() and not (self._kept and self._fetching.locked()):
            async with self._fetching:
                if self._is_due():  # nobody else has tried meanwhile
                    await self._refresh()
        if self._kept is None:
            raise CatalogueUnavailable
        return self._kept

    def _is_due(self) -> bool:
        return self._clock() >= self._due_at

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                self._kept = await self._fetched()
        except Exception as error:  # noqa: BLE001  whatever it is: there are none, or stale ones
            log.warning("catalogue_not_fetched", reason=type(error).__name__)
            self._due_at = self._clock() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        else:
            self._due_at = self._clock() + KEPT_SECONDS
            self._pause = FIRST_PAUSE

    async def _fetched(self) -> Catalogue:
        if self._base is None:
            raise CatalogueUnavailable
        url = urljoin(self._base, _DOCUMENT_NAME)
        is_file = url.startswith("file:")
        document = await (asyncio.to_thread(_read, url) if is_file else _download(url))
        return read_catalogue(document, self._base)


def _read(url: str) -> bytes:
    """Return what is in a file; only the demo has such a URL, as settings refuse it."""
    return Path(url2pathname(urlsplit(url).path)).read_bytes()


async def _download(url: str) -> bytes:
    """Return what is at a URL; redirects are followed.

    Not compressed, so that what is counted is what is kept. Whoever calls sets the time limit.
    """
    import httpx  # a process that never shows the catalogue starts without it

    client = httpx.AsyncClient(follow_redirects=True, max_redirects=5)
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    async with client, client.stream("GET", url, headers=headers) as response:
        response.raise_for_status()
        document = bytearray()
        async for chunk in response.aiter_raw():
            document += chunk
            if len(document) > LARGEST_DOCUMENT:
                raise UnreadableCatalogue("The document is too long.")
    return bytes(document)
