"""The machine of a run: its relevant properties, and nothing that identifies it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from pathlib import Path
from statistics import median

from benchmarks.database import SETTINGS, value
from benchmarks.load import generator


def restrict_to(cores: int) -> int:
    """Restrict this process and its children to this number of cores; return the number."""
    usable = sorted(os.sched_getaffinity(0))[:cores]
    os.sched_setaffinity(0, usable)
    return len(usable)


def describe(url: str, folder: Path, cores: int) -> dict[str, str]:
    """Describe the machine.

    Args:
        url: of a database on the server.
        folder: where the server's files are.
        cores: the number of usable cores.
    """
    load = os.getloadavg()[0]
    settings = ", ".join(f"{name}={text}" for name, text in SETTINGS.items())
    return {
        "cores": f"{cores} of {os.cpu_count()}, shared by everything",
        "processor": _processor(),
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "disk": f"{_file_system(folder)}, fdatasync of 8 kB in {_sync_ms(folder):.2f} ms",
        "other load at the start": f"{load:.1f} (load average of one minute)",
        "Python": platform.python_version(),
        "PostgreSQL": f"{value(url, 'SHOW server_version')}, {settings}",
        "load generator": generator(),
    }


def _processor() -> str:
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return names[0] if names else platform.machine()


def _file_system(folder: Path) -> str:
    command = ["stat", "--file-system", "--format=%T", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _sync_ms(folder: Path) -> float:
    """Return the time to write 8 kB to the disk: the minimum cost of a commit."""
    path = folder / "sync"
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(8192))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return median(times)
