"""PostgreSQL's programs at work on a folder: they create, start, ask and stop its server."""

import pwd
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from passport_scorer.tools.embedded_postgres.account import ENVIRONMENT
from passport_scorer.tools.embedded_postgres.data_folder import Place
from passport_scorer.tools.embedded_postgres.errors import AccountMissing, ServerFailed
from passport_scorer.tools.embedded_postgres.installation import Installation, find_installation
from passport_scorer.tools.embedded_postgres.postmaster import Postmaster

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


class ServerProcess:
    """The server process of a folder.

    Args:
        place: the folder.
        settings: are added to PostgreSQL's.
        installation: the programs; None: found when needed.
        shared: where the programs are copied to if the account can't reach them.
    """

    def __init__(
        self,
        place: Place,
        settings: Mapping[str, str],
        installation: Installation | None,
        shared: Path,
    ) -> None:
        self._place = place
        self._settings = settings
        self._installation = installation
        self._shared = shared

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return self._place.folder

    @property
    def installation(self) -> Installation:
        """PostgreSQL's programs in use; raises BinariesMissing, VersionMismatch."""
        if self._installation is None:
            found = find_installation(self._place.major)
            self._installation = found.usable_by(self._place.account, self._shared)
        return self._installation

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
                raise ServerFailed(
                    f"PostgreSQL could not create the database: {last_lines(made.stderr)}"
                )
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
                " needs to create a database: add one, or set DATABASE_URL"
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
            raise ServerFailed(
                f"PostgreSQL could not create the database: {last_lines(made.stderr)}"
            )

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
        return f"{DISK_FULL}: free some space, or name another folder with PASSPORT_SCORER_HOME"
    said = [line.strip() for line in text.splitlines() if line.strip()]
    return " / ".join(said[-3:]) or "it gave no reason"
