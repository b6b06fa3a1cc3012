"""The folder of an embedded server, and its permissions."""

import fcntl
import hashlib
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from passport_scorer.tools.embedded_postgres.account import (
    Account,
    account_for,
    existing_ancestor,
    name_of,
)
from passport_scorer.tools.embedded_postgres.errors import (
    EmbeddedServerFailed,
    FolderRefused,
    translated,
)
from passport_scorer.tools.embedded_postgres.postmaster import SOCKET_NAME

# For root with a project that other accounts can't reach, such as below /root. It survives
# restarts, and only root can write there, unlike /tmp and /var/tmp.
SHARED_FOLDER = Path("/var/lib/passport-scorer")
# 107 on Linux, 103 elsewhere. Other characters would have to be quoted in URLs.
LONGEST_SOCKET = 103
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+-]+")
LOCK_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of a server. `asked` is the one that the caller named.

    Nothing exists until `create` is called.
    """

    asked: Path
    folder: Path
    account: Account

    @classmethod
    def of(cls, asked: Path, shared: Path = SHARED_FOLDER) -> "Place":
        """Return the place of the server for the folder `asked`.

        Raises AccountMissing, and FolderRefused if we can't get there at all.
        """
        asked = asked.expanduser().resolve()
        with translated(asked):
            account = account_for(asked)
            if not account.switched or account.can_enter(existing_ancestor(asked)):
                return cls(asked, asked, account)
        return cls(asked, shared / digest(asked), account)

    @property
    def data(self) -> Path:
        """The data folder of PostgreSQL (PGDATA)."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The log of the server."""
        return self.folder / "log"

    @property
    def keep(self) -> Path:
        """Contains the process id of a server that is to keep running without users."""
        return self.folder / "keep-running"

    @property
    def major(self) -> int | None:
        """The major version of PostgreSQL that created the database; None if there is none yet."""
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def keep_running(self, pid: int) -> None:
        """Record that the server with this process id is to keep running without users."""
        descriptor = self.open_own("keep-running")
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(pid).encode())
        os.close(descriptor)

    def create(self) -> None:
        """Create the folder, or check that it is ours; raises FolderRefused, OSError."""
        if self.folder != self.asked:
            own_shared_folder(self.folder.parent)
        make_parents(self.folder)
        make_private(self.folder, self.account)
        refuse_files_of_others(self.folder)
        with opened(self.folder) as descriptor:
            os.fchmod(descriptor, 0o700)

    def socket_folder(self) -> Path:
        """Return a folder for the socket, with a path that is short enough; create it if needed.

        Raises FolderRefused if another account made it first.
        """
        name = f"passport-scorer-{self.account.uid}-{digest(self.folder)}"
        outside = (Path(tempfile.gettempdir()) / name, Path("/tmp") / name)  # noqa: S108
        for folder in (self.folder / "socket", *outside):
            plain = PLAIN_PATH.fullmatch(str(folder)) is not None
            if plain and len(os.fsencode(folder / SOCKET_NAME)) <= LONGEST_SOCKET:
                make_private(folder, self.account)
                refuse_others(folder)
                return folder
        raise FolderRefused("No folder has a path short enough for PostgreSQL's socket")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep others from starting or stopping this server; raises EmbeddedServerFailed."""
        descriptor = self.open_own("start.lock")
        try:
            deadline = time.monotonic() + LOCK_SECONDS
            while not lock(descriptor, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise EmbeddedServerFailed(
                        f"Another process has been starting the PostgreSQL in {self.folder}"
                        f" for {LOCK_SECONDS:.0f} seconds"
                    )
                time.sleep(0.02)
            yield
        finally:
            os.close(descriptor)

    def open_own(self, name: str) -> int:
        """Open a lock file in the folder; create it if needed. The caller closes it."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.folder / name, flags, 0o600)
        self.account.take(descriptor)
        return descriptor


def lock(descriptor: int, kind: int) -> bool:
    """Lock an open file, LOCK_SH or LOCK_EX; return True if it was free."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def digest(path: Path) -> str:
    """Return a short, stable name for a path."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def make_parents(folder: Path) -> None:
    """Create the missing parents of `folder`, which every account can pass through."""
    for parent in reversed(folder.parents):
        if not parent.exists():
            parent.mkdir()
            parent.chmod(0o755)


def make_private(folder: Path, account: Account) -> None:
    """Create `folder` if it does not exist; afterward it is a real folder of `account`.

    Raises FolderRefused if it belongs to another account, OSError.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        refuse_if_not_ours(folder, account)
    with opened(folder) as descriptor:
        if os.fstat(descriptor).st_uid != account.uid:
            account.take(descriptor)


def refuse_if_not_ours(folder: Path, account: Account) -> None:
    """Raise FolderRefused unless `folder` is the account's, or empty and root's for root."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise FolderRefused(f"{folder} is not a folder: remove it")
    if status.st_uid == account.uid:
        return
    if not (account.switched and status.st_uid == 0 and not any(folder.iterdir())):
        raise FolderRefused(
            f"{folder} belongs to {name_of(status.st_uid)}, but the embedded PostgreSQL would run"
            f" as {account.name}: remove it, or name another folder with PASSPORT_SCORER_HOME"
        )


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """Open a folder, so that later steps apply to it and not to a link in its place."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def own_shared_folder(folder: Path) -> None:
    """Create the folder for servers that root's own folders can't hold.

    Raises FolderRefused if an account other than root could have put something there, OSError.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0 or status.st_mode & 0o022:
        raise FolderRefused(f"{folder} must be a folder that only root can change")


def refuse_others(folder: Path) -> None:
    """Raise FolderRefused if other accounts can enter."""
    if folder.lstat().st_mode & 0o077:
        raise FolderRefused(f"{folder} is open to other accounts: remove it")


def refuse_files_of_others(folder: Path) -> None:
    """Raise FolderRefused if `folder` is in use for something else."""
    names = {path.name for path in folder.iterdir()} - {"lost+found"}
    if names and "start.lock" not in names:
        raise FolderRefused(
            f"{folder} has other files in it: name an empty folder for the embedded PostgreSQL"
        )
