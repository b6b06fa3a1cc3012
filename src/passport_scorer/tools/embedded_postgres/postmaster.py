"""The process behind `postmaster.pid`: a file that outlives crashes, so it proves nothing."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from passport_scorer.tools.embedded_postgres.account import ENVIRONMENT

SOCKET_NAME = ".s.PGSQL.5432"
# More than any system counts to.
NO_PROCESS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What `postmaster.pid` says about the server of a data folder."""

    pid: int
    data: Path
    socket_folder: Path

    @classmethod
    def named_in(cls, data: Path) -> "Postmaster | None":
        """Read the file in the data folder; None if there is none or it is not complete."""
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
            return cls(int(lines[0]), data, Path(lines[4]))
        except (FileNotFoundError, ValueError, IndexError):
            return None

    @property
    def is_postgresql(self) -> bool:
        """Whether this process is a PostgreSQL on this data folder."""
        program, *arguments = command_line(self.pid) or [""]
        return Path(program).name == "postgres" and str(self.data) in arguments

    def forget(self) -> None:
        """Make the files of a server that is gone stop the next one no longer.

        Another program may have its number by now, which PostgreSQL takes for a server. The
        rest of the file stays: by it, PostgreSQL finds out whether any child of the old server
        still works on the data. The socket's folder serves this data folder alone.
        """
        path = self.data / "postmaster.pid"
        _, _, rest = path.read_text().partition("\n")
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{NO_PROCESS}\n{rest}")
        (self.socket_folder / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)


def command_line(pid: int) -> list[str]:
    """Return the words that a process was started with, nothing if it is gone."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            return []
    listed = subprocess.run(  # noqa: S603 - a number, no shell
        ["/bin/ps", "-ww", "-o", "args=", "-p", str(pid)],
        capture_output=True,
        check=False,
        env=ENVIRONMENT,
        text=True,
    )
    return listed.stdout.split()
