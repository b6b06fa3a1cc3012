"""A real PgBouncer in transaction mode, if it is installed."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from passport_scorer.tools.embedded_postgres.account import account_for

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
START_SECONDS = 20


class PgBouncer:
    """A PgBouncer in front of one database."""

    def __init__(self, folder: Path, database_url: str, pool_size: int, ignored: str = "") -> None:
        self._folder = folder
        self._upstream = urlsplit(database_url)
        self._pool_size = pool_size
        self._ignored = ignored
        self._account = account_for(folder)
        self.port = unused_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}{self._upstream.path}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        (host,) = parse_qs(self._upstream.query)["host"]
        configuration = self._folder / "pgbouncer.ini"
        configuration.write_text(
            f"""
            [databases]
            * = host={host} user=postgres
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {self.port}
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = {self._pool_size}
            server_login_retry = 1
            ignore_startup_parameters = {self._ignored}
            """.replace("\n            ", "\n")
        )
        configuration.chmod(0o644)
        rights: dict[str, Any] = {}
        if self._account.switched:
            rights = {
                "user": self._account.uid,
                "group": self._account.gid,
                "extra_groups": [],
            }
        with (self._folder / "pgbouncer.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(PROGRAM), str(configuration)], cwd="/", stderr=log, stdout=log, **rights
            )
        deadline = time.monotonic() + START_SECONDS
        while not listens(self.port):
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop it immediately, with clients still connected."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(START_SECONDS)
            self.process = None

    def said(self) -> str:
        """Return its log."""
        return (self._folder / "pgbouncer.log").read_text()


def unused_port() -> int:
    """Return a port on which nothing listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Return whether something listens on a local port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
