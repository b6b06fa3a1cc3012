"""A full disk: one line, no PostgreSQL left over, and recovery once there is room."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE

from .conftest import COMMAND, START_SECONDS, environment

MEGABYTE = 1024 * 1024
SIZE = 128
SCORE = f"/v2/stamps/1/score/{PEOPLE[0].address}"

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk"),
    pytest.mark.timeout(300),
]


class Disk:
    """A small disk, and a file that fills it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.filler = folder / "filler"

    def leave(self, room: int) -> None:
        """Fill all but `room` bytes."""
        self.filler.unlink(missing_ok=True)
        status = os.statvfs(self.folder)
        with self.filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_bsize - room)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command whose database is on the disk."""
        return subprocess.run(
            [*COMMAND, *words],
            cwd=self.folder.parent,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def environment(self) -> dict[str, str]:
        """Return the settings that put a command's database on the disk."""
        return environment({"PASSPORT_SCORER_HOME": str(self.folder / "home")})

    def is_used(self) -> bool:
        """Return whether a PostgreSQL process uses the disk."""
        listed = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True)
        return f"postgres -D {self.folder}" in listed.stdout


@pytest.fixture
def disk(server_folder: Path) -> Iterator[Disk]:
    """A disk of 128 MB; skips the test if it cannot be mounted."""
    folder = server_folder / "disk"
    folder.mkdir(mode=0o755)
    options = ["-o", f"size={SIZE}m,mode=755"]
    mounted = subprocess.run(["mount", "-t", "tmpfs", *options, "none", folder], check=False)
    if mounted.returncode:
        pytest.skip("no disk can be mounted here, as in a container without that right")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


@pytest.mark.parametrize("megabytes", [1, 20, 40, 44])
@pytest.mark.slow
def test_too_little_room_for_a_database(disk: Disk, megabytes: int) -> None:
    """A first start that runs out of room fails with one line; with room, the next succeeds."""
    disk.leave(megabytes * MEGABYTE)
    refused = disk.run("demo", "seed")
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert line.startswith("passport-scorer: ")
    assert "No space left on device" in line or "disk is full" in line
    assert not disk.is_used()
    disk.filler.unlink()
    assert disk.run("demo", "seed").returncode == 0
    assert not disk.is_used()


def test_full_while_it_runs(disk: Disk) -> None:
    """Failed writes are 503 without details; Ctrl-C stops everything, and data is kept."""
    output = disk.folder.parent / "output"
    with output.open("wb") as both:
        process = subprocess.Popen(
            [*COMMAND, "demo", "run", "--port", "0"],
            cwd=disk.folder.parent,
            env=disk.environment(),
            stdin=subprocess.DEVNULL,
            stdout=both,
            stderr=subprocess.STDOUT,
        )
    deadline = time.monotonic() + START_SECONDS
    while '"listening"' not in output.read_text():
        assert process.poll() is None, output.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    base = next(word for word in output.read_text().split() if word.startswith("http://"))
    with httpx.Client(base_url=base, headers={"X-API-Key": DEMO_API_KEY.key}) as client:
        assert client.get(SCORE).status_code == 200
        disk.leave(0)
        statuses = {
            client.get(SCORE.replace("/1/", f"/{n % 2 + 1}/")).status_code for n in range(40)
        }
        assert statuses <= {200, 503}
        disk.filler.unlink()
    process.terminate()
    assert process.wait(START_SECONDS) == 0
    assert "Traceback" not in output.read_text()
    assert not disk.is_used()
    assert disk.run("demo", "seed").returncode == 0
