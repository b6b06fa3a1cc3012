"""The embedded PostgreSQL server: started on demand, shared, stopped by its last user."""

import atexit
import fcntl
import os
import pwd
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from passport_scorer.tools.embedded_postgres.account import ENVIRONMENT
from passport_scorer.tools.embedded_postgres.data_folder import SHARED_FOLDER, Place, lock
from passport_scorer.tools.embedded_postgres.errors import (
    AccountMissing,
    EmbeddedServerFailed,
    ServerFailed,
    translated,
)
from passport_scorer.tools.embedded_postgres.installation import Installation, find_installation
from passport_scorer.tools.embedded_postgres.postmaster import Postmaster
from passport_scorer.tools.embedded_postgres.signals import DeferredSignals, deferred_signals

DATABASE = "passport_scorer"
START_SECONDS = 60
STOP_SECONDS = 20
CRASH_SECONDS = 10
STILL_IN_USE = "is still in use"
DISK_FULL = "No space left on device"
LONGEST_LOG = 1_000_000

# Reachable through its socket only. The log contains no statements, hence no data: callers get the
# errors of statements. Parallel workers would need shared memory that containers lack.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class EmbeddedServer:
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
        self._place = Place.of(folder, shared)
        self._shared = shared
        self._settings = settings or {}
        self._keep_running = keep_running
        self._installation = installation
        self._socket_folder: Path | None = None
        self._use: int | None = None
        self._owner: int | None = None

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return self._place.folder

    @property
    def note(self) -> str | None:
        """One line for people if the files are not in the requested folder: where, and why."""
        if self.folder == self._place.asked:
            return None
        return (
            f"The database is in {self.folder}: PostgreSQL runs as"
            f" {self._place.account.name}, who can't enter {self._place.asked.parent}"
        )

    @property
    def installation(self) -> Installation:
        """PostgreSQL's programs in use; raises BinariesMissing, VersionMismatch."""
        if self._installation is None:
            found = find_installation(self._place.major)
            self._installation = found.usable_by(self._place.account, self._shared)
        return self._installation

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
        """Start the server, or join the running one; its database exists afterwards.

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

    def _running(self) -> Postmaster | None:
        """Return the server that runs on this data, even if it does not answer."""
        named = Postmaster.named_in(self._place.data)
        return named if named is not None and named.is_postgresql else None

    def _answering(self) -> Path | None:
        """Return the socket's folder once the running server answers; None if none runs."""
        deadline = time.monotonic() + START_SECONDS
        while (running := self._running()) is not None:
            asked = self._ask(running.socket_folder, "postgres", "SHOW data_directory")
            if asked.returncode == 0:
                if asked.stdout.strip() == str(self._place.data):
                    return running.socket_folder
                raise ServerFailed(f"{running.socket_folder} leads to another PostgreSQL")
            if time.monotonic() > deadline:
                raise self._failure("it runs and doesn't answer", self._place.log)
            time.sleep(0.05)
        return None

    def _ask(self, host: Path, database: str, sql: str) -> subprocess.CompletedProcess[str]:
        arguments = ["-XAtq", "-h", str(host), "-U", "postgres", "-d", database, "-c", sql]
        return subprocess.run(  # noqa: S603 - our own arguments, no shell
            [self.installation.program("psql"), *arguments],
            capture_output=True,
            check=False,
            env=ENVIRONMENT,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=START_SECONDS,
        )

    def _initialise(self) -> None:
        """Create the data folder if it is missing; an interruption leaves nothing behind."""
        if self._place.major is not None:
            return
        self._require_account_entry()
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale"]
        if self._settings.get("fsync") == "off":
            options.append("--no-sync")
        initdb = self.installation.program("initdb")
        try:
            made = self._place.account.run([initdb, "-D", unfinished, *options])
            if made.returncode != 0:
                raise ServerFailed(f"PostgreSQL made no database: {last_lines(made.stderr)}")
            unfinished.rename(self._place.data)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise

    def _require_account_entry(self) -> None:
        try:
            pwd.getpwuid(self._place.account.uid)
        except KeyError:
            raise AccountMissing(
                f"User {self._place.account.uid} has no entry in /etc/passwd, which PostgreSQL"
                " needs to make a database: add one, or set DATABASE_URL"
            ) from None

    def _launch(self) -> None:
        """Start the server; after a crash, wait until the old one has ended completely."""
        if (named := Postmaster.named_in(self._place.data)) is not None:
            named.forget()
        else:
            # Empty after a power failure, it would stop PostgreSQL.
            (self._place.data / "postmaster.pid").unlink(missing_ok=True)
        chosen = {"unix_socket_directories": str(self._place.socket_folder()), **SETTINGS}
        options = [f"-c{name}={value}" for name, value in {**chosen, **self._settings}.items()]
        how = ("-w", "-s", "-t", str(START_SECONDS), "-o", shlex.join(options))
        where = ("-D", self._place.data, "-l", self._place.log)
        pg_ctl = self.installation.program("pg_ctl")
        deadline = time.monotonic() + CRASH_SECONDS
        while True:
            seen = self._fresh_log()
            if self._place.account.run([pg_ctl, "start", *how, *where]).returncode == 0:
                return
            failure = self._failure("it stopped at once", self._place.log, seen)
            if STILL_IN_USE not in failure.message or time.monotonic() > deadline:
                raise failure
            time.sleep(0.1)

    def _fresh_log(self) -> int:
        """Rotate a long log, and return the length of the current one."""
        log = self._place.log
        if log.exists() and log.stat().st_size > LONGEST_LOG:
            log.replace(log.with_name("log.old"))
        return log.stat().st_size if log.exists() else 0

    def _failure(self, what: str, log: Path, seen: int = 0) -> ServerFailed:
        said = log.read_bytes()[seen:].decode(errors="replace") if log.exists() else ""
        return ServerFailed(
            f"The embedded PostgreSQL in {self.folder} did not start, {what}: {last_lines(said)}"
        )

    def _create_database(self, host: Path) -> None:
        exists = f"SELECT FROM pg_database WHERE datname = '{DATABASE}'"
        if self._ask(host, "postgres", f"SELECT EXISTS ({exists})").stdout.strip() == "t":
            return
        made = self._ask(host, "postgres", f"CREATE DATABASE {DATABASE}")
        if made.returncode != 0:
            raise ServerFailed(f"PostgreSQL made no database: {last_lines(made.stderr)}")

    def _halt(self) -> None:
        if (running := self._running()) is None:
            return
        stopped = self._stopped("fast")
        if stopped.returncode != 0 and self._running() is not None:
            # It can't write its last checkpoint, as on a full disk: the next start recovers.
            stopped = self._stopped("immediate")
        if stopped.returncode != 0 and self._running() is not None:
            raise ServerFailed(
                f"The PostgreSQL in {self.folder} doesn't stop: {last_lines(stopped.stderr)}"
            )
        if running.socket_folder.parent != self.folder:
            with suppress(OSError):
                running.socket_folder.rmdir()

    def _stopped(self, mode: str) -> subprocess.CompletedProcess[str]:
        how = ("-m", mode, "-w", "-s", "-t", str(STOP_SECONDS), "-D", self._place.data)
        return self._place.account.run([self.installation.program("pg_ctl"), "stop", *how])


def last_lines(text: str) -> str:
    """Return the last lines of a program's output, or the crucial one, as one line."""
    if DISK_FULL in text:
        return f"{DISK_FULL}: make room, or name another folder with PASSPORT_SCORER_HOME"
    said = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(said[-3:]) or "it gave no reason"
