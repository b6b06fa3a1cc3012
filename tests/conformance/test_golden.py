"""The recorded exchanges of a reference deployment, and the rows that they leave."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

import pytest

from tests.conformance.golden.replay import replay
from tests.conformance.golden.rows import Database
from tests.support.recordings import GOLDEN

if TYPE_CHECKING:
    from tests.conftest import PostgresqlServer

START_SECONDS = 60
RECORDED_CATALOGUE = "http://127.0.0.1:8095/"


class _Catalogue(SimpleHTTPRequestHandler):
    """Serves the stamp catalogue, silently."""

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder until the end of the block; yield its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Catalogue, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def reference_settings() -> dict[str, str]:
    """Return the environment of the recorded deployment."""
    script = f'. "{GOLDEN}/settings.sh" && env -0'
    environ = {"GOLDEN": str(GOLDEN), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["bash", "-c", script], env=environ, capture_output=True, text=True, check=True
    )
    return dict(line.partition("=")[::2] for line in done.stdout.split("\0") if line)


def free_port() -> int:
    """Return a free port."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def service(environ: dict[str, str], folder: Path) -> Iterator[tuple[str, str]]:
    """Run the service until the end of the block; yield the URLs of its two listeners."""
    public, internal = free_port(), free_port()
    ports = ["--port", str(public), "--internal-port", str(internal), "--workers", "1"]
    command = [sys.executable, "-m", "passport_scorer.cli", "serve", *ports]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, env={**environ, "SHUTDOWN_DELAY_SECONDS": "0"}, cwd=folder, stderr=log
        )
    try:
        wait_until_ready(f"http://127.0.0.1:{public}/health/ready", process, folder / "log")
        yield f"http://127.0.0.1:{public}", f"http://127.0.0.1:{internal}"
    finally:
        process.terminate()
        process.wait(60)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the service responds."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url):
                return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)


def kit(folder: Path, catalogue: str) -> Path:
    """Copy the recording, with the URL of its catalogue replaced by this one."""
    copy = folder / "golden"
    shutil.copytree(GOLDEN, copy)
    exchanges = copy / "exchanges.jsonl"
    text = exchanges.read_text("utf-8")
    exchanges.write_text(text.replace(RECORDED_CATALOGUE, catalogue), "utf-8")
    return copy


@pytest.mark.timeout(300)
def test_every_recorded_exchange_and_all_rows(
    reference_database_url: str, postgresql_server: PostgresqlServer, tmp_path: Path
) -> None:
    """Each response, and each final row, is the recorded one."""
    psql = postgresql_server.server.installation.program("psql")
    database = Database(reference_database_url, str(psql))
    with serving(GOLDEN) as catalogue:
        recording = kit(tmp_path, catalogue)
        environ = reference_settings() | {
            "DATABASE_URL": reference_database_url,
            "PASSPORT_PUBLIC_URL": catalogue,
        }
        with service(environ, tmp_path) as (public, internal):
            assert replay(recording, public, internal, database) == []
