"""`make audit` passes only if every pinned version was looked up, and none has an advisory."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "audit.py"
HASH = "--hash=sha256:" + "0" * 64
LOCK = f"alpha==1.0 \\\n    {HASH}\nbeta-two==2.1 ; python_version < '3' \\\n    {HASH}\n"
VULNERABLE = {
    "vulns": [
        {
            "id": "TEST-1",
            "affected": [
                {
                    "package": {"name": "alpha", "ecosystem": "PyPI"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "1.1"}]}],
                }
            ],
        }
    ]
}


class Advisories:
    """A service of advisories: its answers, and the requests that it received."""

    def __init__(self) -> None:
        self.status = 200
        self.answer: dict[str, Any] = {}
        self.asked: list[str] = []
        self.url = ""


@pytest.fixture
def advisories() -> Iterator[Advisories]:
    """A service that speaks the protocol of OSV on this machine."""
    service = Advisories()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.asked.append(question["package"]["name"])
            body = json.dumps(service.answer).encode()
            self.send_response(service.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield service
        server.shutdown()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock file with one version that is for every Python."""
    file = tmp_path / "some.lock"
    file.write_text(LOCK)
    return file


def audit(url: str, *locks: Path) -> subprocess.CompletedProcess[str]:
    """Run the script against a service."""
    named = [option for lock in locks for option in ("--lock", str(lock))]
    service = ["--vulnerability-service", "osv", "--osv-url", url, "--timeout", "5"]
    return subprocess.run(
        [sys.executable, str(SCRIPT), *named, *service],
        capture_output=True,
        text=True,
        check=False,
        env={"NO_PROXY": "*", "HOME": "/nonexistent", "PATH": "/usr/bin:/bin"},
    )


def test_everything_shipped_is_looked_up(advisories: Advisories) -> None:
    """Without known vulnerabilities the audit passes, and says how much it has looked up."""
    done = audit(advisories.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert {"asyncpg", "hatchling", "cryptography"} <= set(advisories.asked)
    assert f"{len(set(advisories.asked))} versions looked up" in done.stdout


def test_a_known_vulnerability(advisories: Advisories, lock: Path) -> None:
    """It is named with the version that fixes it, and the audit fails."""
    advisories.answer = VULNERABLE
    done = audit(advisories.url, lock)
    assert done.returncode == 1
    assert "alpha 1.0: TEST-1, fixed in 1.1" in done.stdout


def test_a_service_that_cant_be_asked(advisories: Advisories, lock: Path) -> None:
    """A service that isn't there, or that refuses, is a failure with a line that says so."""
    advisories.status = 500
    for url in (advisories.url, "http://127.0.0.1:9"):
        done = audit(url, lock)
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = done.stderr.splitlines()
        assert line.startswith("audit: not everything could be audited")


def test_nothing_to_audit(advisories: Advisories, lock: Path) -> None:
    """A lock file without versions for this Python does not pass."""
    for text in ("# nothing\n", LOCK[LOCK.index("beta") :]):
        lock.write_text(text)
        done = audit(advisories.url, lock)
        assert (done.returncode, done.stdout) == (2, "")


def test_make_audits_so() -> None:
    """`make audit` runs this script."""
    rule = (ROOT / "Makefile").read_text().partition("\naudit:")[2].partition("\n\n")[0]
    assert "$(BIN)/python scripts/audit.py" in rule
    assert "|| true" not in rule
