"""The embedded PostgreSQL server: started on demand, shared, stopped by its last user."""

import atexit
import fcntl
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from passport_scorer.tools.embedded_postgres.data_folder import SHARED_FOLDER, Place, lock
from passport_scorer.tools.embedded_postgres.errors import EmbeddedServerFailed, translated
from passport_scorer.tools.embedded_postgres.installation import Installation
from passport_scorer.tools.embedded_postgres.server_process import DATABASE, ServerProcess
from passport_scorer.tools.signals import DeferredSignals, deferred_signals


class EmbeddedServer(ServerProcess):
    """A PostgreSQL server whose files are in `folder`. A context manager: started and stopped.

    Several processes can use the same folder: the first one starts the server, the last one stops
    it. With `keep_running` the server runs until `shut_down`. For root, an unprivileged account
    runs it; if that account can't reach `folder`, the files are below `shared`. `settings` are
    added to PostgreSQL's; they apply only if this process starts the server.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        keep_running: bool = False,
        installation: Installation | None = None,
        shared: Path = SHARED_FOLDER,
    ) -> None:
        super().__init__(Place.of(folder, shared), settings or {}, installation, shared)
        self._keep_running = keep_running
        self._socket_folder: Path | None = None
        self._use: int | None = None
        self._owner: int | None = None

    @property
    def note(self) -> str | None:
        """One line for people on files outside the requested folder: the place and the reason."""
        if self.folder == self._place.asked:
            return None
        return (
            f"The database is in {self.folder}: PostgreSQL runs as"
            f" {self._place.account.name}, who can't enter {self._place.asked.parent}"
        )

    @property
    def url(self) -> str:
        """The URL of the database, for asyncpg and psql.

        Raises EmbeddedServerFailed if the server isn't running.
        """
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Return the URL of another database of this server; raises EmbeddedServerFailed."""
        if self._socket_folder is None:
            with translated(self.folder):
                self._socket_folder = self._answering() if self._made() else None
        if self._socket_folder is None:
            raise EmbeddedServerFailed(
                f"No PostgreSQL is running in {self.folder}: passport-scorer db start"
            )
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self._socket_folder))}"

    def __enter__(self) -> Self:
        try:
            self.start()
            return self
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, or join the running one; its database exists afterward.

        A start that fails or is interrupted leaves no unused server behind.
        Raises a subclass of EmbeddedServerFailed.
        """
        with translated(self.folder):
            self._place.create()
            # An interruption could come before the caller can call stop().
            self._owner = os.getpid()
            atexit.register(self._stop_at_exit)
            with self._place.locked():
                try:
                    with deferred_signals() as interruptions:
                        self._join(interruptions)
                    if self._keep_running and (running := self._running()) is not None:
                        self._place.keep_running(running.pid)
                except BaseException:
                    with deferred_signals(), suppress(EmbeddedServerFailed, OSError):
                        self._halt_unless_used()
                    raise

    def stop(self) -> None:
        """Leave the server, and stop it unless others use it or it is to keep running."""
        atexit.unregister(self._stop_at_exit)
        if self._use is None:
            return
        with translated(self.folder), deferred_signals(), self._place.locked():
            self._halt_unless_used()

    def _stop_at_exit(self) -> None:
        if os.getpid() == self._owner:
            self.stop()

    def _halt_unless_used(self) -> None:
        try:
            if self._use is not None and lock(self._use, fcntl.LOCK_EX) and not self._is_kept():
                self._halt()
        finally:
            self._leave()

    def shut_down(self) -> bool:
        """Stop the server, even if others use it; return True if it was running."""
        with translated(self.folder):
            if not self._made():
                return False
            return self._stop_for_all()

    def _made(self) -> bool:
        """Return True if the folder exists, which then is ours."""
        if self.folder.exists():
            self._place.create()
            return True
        return False

    def _stop_for_all(self) -> bool:
        with self._place.locked():
            self._place.keep.unlink(missing_ok=True)
            running = self._running()
            if running is not None:
                self._halt()
            self._leave()
            return running is not None

    def _join(self, interruptions: DeferredSignals) -> None:
        use = self._use = self._place.open_own("use.lock") if self._use is None else self._use
        self._socket_folder = self._answering()
        if self._socket_folder is None:
            self._require_sole_use(use)
            with interruptions.allowed():
                self._initialise()
            self._launch()
            self._socket_folder = self._answering()
        lock(use, fcntl.LOCK_SH)
        if self._socket_folder is None:
            raise self._failure("it doesn't answer", self._place.log)
        self._create_database(self._socket_folder)

    def _require_sole_use(self, use: int) -> None:
        """Check that no other container uses the folder: processes are invisible, locks are not."""
        if not lock(use, fcntl.LOCK_EX):
            raise EmbeddedServerFailed(
                f"Another process uses the PostgreSQL in {self.folder}, which can't be seen from"
                " here: it crashed, or is in another container; stop that process first"
            )

    def _leave(self) -> None:
        if self._use is not None:
            os.close(self._use)
        self._use = self._socket_folder = None

    def _is_kept(self) -> bool:
        running = self._running()
        kept = self._place.keep
        return running is not None and kept.exists() and kept.read_text() == str(running.pid)
