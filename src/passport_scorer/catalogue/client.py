"""Fetches the stamp catalogue and caches it for an hour; serves a stale copy if fetching fails.

One fetch runs at a time. Meanwhile, and while fetching fails, callers get the cached copy. Failed
fetches are retried with exponential backoff.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from passport_scorer.catalogue.backoff import ExponentialBackoff
from passport_scorer.catalogue.model import Catalogue, UnreadableCatalogue, read_catalogue
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.telemetry.logger import log

CACHE_SECONDS = 3600.0
INITIAL_BACKOFF = 1.0  # seconds
MAX_BACKOFF = 60.0  # seconds
MAX_DOCUMENT_SIZE = 8 * 1024 * 1024  # bytes; the real one has some 200 KB
_DOCUMENT_NAME = "stampMetadata.json"


class CatalogueUnavailable(PassportScorerError):
    """Error fetching external stamp metadata"""

    code = "catalogue_unavailable"


class CatalogueSource:
    """Provides the catalogue.

    Args:
        public_url: the base URL of the document: `http:`, `https:` or, in the demo, `file:`;
            None: there is no catalogue.
        clock: returns seconds; monotonic.
        timeout: seconds for a whole fetch.
    """

    def __init__(
        self, public_url: str | None, clock: Callable[[], float], *, timeout: float = 5.0
    ) -> None:
        self._base = None if public_url is None else public_url.rstrip("/") + "/"
        self._clock = clock
        self._timeout = timeout
        self._fetching = asyncio.Lock()
        self._cached: Catalogue | None = None
        self._due_at = clock()
        self._backoff = ExponentialBackoff(INITIAL_BACKOFF, MAX_BACKOFF)

    async def catalogue(self) -> Catalogue:
        """Return the catalogue; fetch it again if it is older than an hour.

        Raises:
            CatalogueUnavailable: it can't be fetched, and there is no cached copy.
        """
        if self._is_due() and not (self._cached and self._fetching.locked()):
            async with self._fetching:
                if self._is_due():  # not fetched by another caller meanwhile
                    await self._refresh()
        if self._cached is None:
            raise CatalogueUnavailable
        return self._cached

    def _is_due(self) -> bool:
        return self._clock() >= self._due_at

    async def _refresh(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                self._cached = await self._fetched()
        except Exception as error:  # noqa: BLE001  the cached copy stays
            log.warning("catalogue_not_fetched", reason=type(error).__name__)
            self._due_at = self._clock() + self._backoff.next_delay()
        else:
            self._due_at = self._clock() + CACHE_SECONDS
            self._backoff.reset()

    async def _fetched(self) -> Catalogue:
        if self._base is None:
            raise CatalogueUnavailable
        url = urljoin(self._base, _DOCUMENT_NAME)
        is_file = url.startswith("file:")
        document = await (asyncio.to_thread(_read, url) if is_file else _download(url))
        return read_catalogue(document, self._base)


def _read(url: str) -> bytes:
    """Read a file; only the demo uses such a URL, because the settings reject it."""
    return Path(unquote(urlsplit(url).path)).read_bytes()


async def _download(url: str) -> bytes:
    """Download a document, following redirects; the caller sets the timeout.

    Uncompressed, so that the bytes that are counted are those that are kept in memory.
    """
    import httpx  # imported late: a process that never shows the catalogue does not need it

    client = httpx.AsyncClient(follow_redirects=True, max_redirects=5)
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    async with client, client.stream("GET", url, headers=headers) as response:
        response.raise_for_status()
        document = bytearray()
        async for chunk in response.aiter_raw():
            document += chunk
            if len(document) > MAX_DOCUMENT_SIZE:
                raise UnreadableCatalogue("The document is too long.")
    return bytes(document)
