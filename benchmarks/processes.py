"""Starts services, and reads the resource usage of processes from /proc."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_START_SECONDS = 30


class ServiceFailed(Exception):
    """A service did not start."""


class Process(msgspec.Struct, frozen=True):
    """A process and its descendants."""

    pid: int

    def cpu_seconds(self) -> float:
        """Return the CPU time of all of them so far, including exited ones."""
        return sum(_times(self.pid)) + sum(sum(_times(each)[:2]) for each in self._children())

    def resident_megabytes(self) -> float:
        """Return the memory of its largest child, or its own if that is larger."""
        return max(map(_resident_pages, [self.pid, *self._children()])) * _PAGE / 1e6

    def _children(self) -> list[int]:
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(number) for number in listed.split()]


class Service(msgspec.Struct, frozen=True):
    """A running service."""

    url: str
    process: Process


@contextmanager
def running(module: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[Service]:
    """Run a Python module that is a service, until the end of the block.

    Args:
        module: its name and its arguments; `{port}` stands for the port to listen on,
            `{internal_port}` for another one.
        environment: its variables, in addition to ours.
        log: the path of its log.

    Raises:
        ServiceFailed: it does not respond; has the end of its output.
    """
    port, internal_port = free_port(), free_port()
    words = [word.format(port=port, internal_port=internal_port) for word in module]
    command = [sys.executable, "-m", *words]
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command,
            env={**os.environ, "SHUTDOWN_DELAY_SECONDS": "0", **environment},
            stdin=subprocess.DEVNULL,
            stderr=errors,
        ) as process,
    ):
        try:
            _wait_for_answer(process, f"http://127.0.0.1:{port}/health", log)
            yield Service(f"http://127.0.0.1:{port}", Process(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)


def _wait_for_answer(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise ServiceFailed(
        f"The service does not respond. The end of its log: {log.read_text()[-500:]}"
    )


def free_port() -> int:
    """Return a port of this machine on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _times(pid: int) -> tuple[float, float, float, float]:
    """Return utime, stime, cutime, cstime in seconds; the last two are of children that ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has exited: its usage is in its parent's numbers
        return (0.0, 0.0, 0.0, 0.0)
    user, system, children_user, children_system = (int(each) / _TICKS for each in fields[11:15])
    return (user, system, children_user, children_system)


def _resident_pages(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
