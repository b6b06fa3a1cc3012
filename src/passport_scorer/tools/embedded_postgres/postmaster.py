"""The process in `postmaster.pid`: the file survives crashes, so it proves nothing."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from passport_scorer.tools.embedded_postgres.account import ENVIRONMENT

SOCKET_NAME = ".s.PGSQL.5432"
# Larger than any process id.
NO_PROCESS = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The content of `postmaster.pid` about the server of a data folder."""

    pid: int
    data: Path
    socket_folder: Path

    @classmethod
    def named_in(cls, data: Path) -> "Postmaster | None":
        """Read the file in the data folder; None if it is missing or incomplete."""
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
            return cls(int(lines[0]), data, Path(lines[4]))
        except (FileNotFoundError, ValueError, IndexError):
            return None

    @property
    def is_postgresql(self) -> bool:
        """True if this process is a PostgreSQL on this data folder."""
        program, *arguments = command_line(self.pid) or [""]
        return Path(program).name == "postgres" and str(self.data) in arguments

    def forget(self) -> None:
        """Keep the files of a server that has ended from stopping the next one.

        Another program can have its process id by now, which PostgreSQL would take for a server.
        The rest of the file stays: PostgreSQL uses it to find children of the old server that still
        work on the data. The socket's folder serves this data folder only.
        """
        path = self.data / "postmaster.pid"
        _, _, rest = path.read_text().partition("\n")
        descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{NO_PROCESS}\n{rest}")
        (self.socket_folder / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)


def command_line(pid: int) -> list[str]:
    """Return the command line of a process; an empty list if it has ended."""
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
