"""Processes of the service: start, stop, kill, freeze, and observe them."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.chaos.client import Broken, Connection, Refused, Silent, request
from tests.support.processes import START_SECONDS, launched, listening_port

STOP_SECONDS = 40
DESCRIPTORS = 1024  # the usual soft limit
READY = request("GET", "/health/ready")


class Instance:
    """One instance of the service; a restarted instance listens on a new port.

    Attributes:
        port: the public port.
        ready: whether a load balancer sends requests to this instance.
        bad_ends: what went wrong when the instance was stopped.
    """

    def __init__(self, folder: Path, workers: int, settings: Mapping[str, str]) -> None:
        self._folder = folder
        self._workers = workers
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self.port = 0
        self.ready = True
        self.bad_ends: list[str] = []

    async def start(self) -> None:
        """Start the instance and wait until it is ready."""
        self._starts += 1
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / f"stderr-{self._starts}"
        arguments = ["serve", "--port", "0", "--workers", str(self._workers)]
        self._process = _with_usual_limits(self._folder, log, arguments, self._settings)
        self.port = await listening_port(self._process, log)
        async with asyncio.timeout(START_SECONDS):
            while not await self.is_ready():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        self.ready = True

    async def is_ready(self) -> bool:
        """Return whether `/health/ready` responds with 200."""
        connection = Connection(keeps=False)
        try:
            return (await connection.ask(self.port, READY)).status == 200
        except (Refused, Broken, Silent):
            return False

    @property
    def pid(self) -> int:
        """The process ID of the parent process."""
        assert self._process is not None
        return self._process.pid

    def workers(self) -> list[int]:
        """Return the process IDs of the workers."""
        with suppress(OSError):
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
            return [int(number) for number in children.split()]
        return []

    def send(self, number: signal.Signals, pid: int | None = None) -> None:
        """Send a signal to the parent process, or to the process `pid`."""
        with suppress(ProcessLookupError):
            os.kill(self.pid if pid is None else pid, number)

    async def kill(self) -> None:
        """Kill the parent process and wait until the workers have exited, too."""
        if self._process is None:
            return
        workers = self.workers()
        self._process.kill()
        await asyncio.to_thread(self._process.wait)
        self._process = None
        for worker in workers:
            for _ in range(250):
                if not is_running(worker):
                    break
                await asyncio.sleep(0.02)
            else:
                self.bad_ends.append("a worker survived its parent by 5 s")
                os.kill(worker, signal.SIGKILL)

    async def stop(self) -> None:
        """Send SIGTERM and wait; record in `bad_ends` if the exit is not clean."""
        if self._process is None:
            return
        process = self._process
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            status = await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.bad_ends.append(f"did not end within {STOP_SECONDS} s of SIGTERM")
            self.end_now()
            return
        self._process = None
        if status != 0:
            self.bad_ends.append(f"ended with status {status} after SIGTERM")

    def end_now(self) -> None:
        """Kill all processes."""
        if self._process is not None:
            for pid in (*self.workers(), self.pid):
                self.send(signal.SIGKILL, pid)
            self._process.wait()
            self._process = None

    def memory(self) -> int:
        """Return the resident memory of all processes in megabytes."""
        return sum(_resident(pid) for pid in (self.pid, *self.workers()))

    def logged(self, event: str) -> int:
        """Count the log lines of an event, over all starts."""
        marks = (f'"event":"{event}"'.encode(), f'"event": "{event}"'.encode())
        return sum(
            line.count(mark)
            for log in self._folder.glob("stderr-*")
            for line in log.read_bytes().splitlines()
            for mark in marks
        )

    def tracebacks(self) -> int:
        """Count the tracebacks that were printed rather than logged, over all starts."""
        logs = self._folder.glob("stderr-*")
        return sum(log.read_bytes().count(b"\nTraceback (most recent") for log in logs)


def _with_usual_limits(
    folder: Path, log: Path, arguments: Sequence[str], settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a process with the usual soft limit of descriptors, whatever ours is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(DESCRIPTORS, soft), hard))
    try:
        return launched(folder, log, arguments, settings)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def is_running(pid: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def _resident(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) // 1024
    return 0


class LoadBalancer:
    """Selects a ready instance, starting with the instance `first`."""

    def __init__(self, instances: Sequence[Instance], first: int = 0) -> None:
        self._instances = instances
        self._turn = first % len(instances)

    def port(self) -> int:
        """Return the port of the current instance, or of the next ready one."""
        for number in range(len(self._instances)):
            instance = self._instances[(self._turn + number) % len(self._instances)]
            if instance.ready:
                return instance.port
        return self._instances[self._turn].port

    def turn(self) -> None:
        """Switch to the next instance."""
        self._turn = (self._turn + 1) % len(self._instances)
