"""A folder in memory for what the tests write: a copy of a database takes a tenth of the time."""

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
NEEDED = 4 * 1024**3  # a dozen PostgreSQL servers, 100 MB each, and room for the largest tests


def use_memory_for_temporary_files() -> None:
    """Let `tempfile`, pytest and child processes write to memory, unless TMPDIR says where."""
    if "TMPDIR" not in os.environ and is_suitable(MEMORY):
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # may have been determined before


def is_suitable(folder: Path) -> bool:
    """Return True if a folder can hold and run programs, and has plenty of space.

    Container runtimes mount a /dev/shm of 64 MB that nothing can be executed in.
    """
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    status = os.statvfs(folder)
    return not status.f_flag & os.ST_NOEXEC and status.f_bavail * status.f_frsize >= NEEDED
