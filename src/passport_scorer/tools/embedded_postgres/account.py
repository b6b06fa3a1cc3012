"""The account that runs the embedded server: PostgreSQL refuses to run as root."""

import os
import pwd
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from passport_scorer.tools.embedded_postgres.errors import AccountMissing

Key = TypeVar("Key", int, str)

# Accounts that exist nearly everywhere, the least privileged first.
UNPRIVILEGED = ("nobody", "daemon", "postgres", "www-data")

# Nothing of this process's environment: it has secrets, and variables such as PGHOST.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "PGCONNECT_TIMEOUT": "5"}


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system; `switched` if this process runs as another one."""

    uid: int
    gid: int
    name: str
    switched: bool

    def run(
        self, arguments: Sequence[str | Path], *, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this account, with a minimal environment, and return its output.

        It has a session of its own, which Ctrl-C in our terminal doesn't reach; if we are
        interrupted, it is killed with all that it has started. Raises OSError if it can't be
        executed and subprocess.TimeoutExpired.
        """
        rights: dict[str, Any] = {}
        if self.switched:
            rights = {"user": self.uid, "group": self.gid, "extra_groups": []}
        with subprocess.Popen(  # noqa: S603 - our own arguments, no shell
            [str(argument) for argument in arguments],
            cwd="/",
            env=ENVIRONMENT,
            errors="replace",
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            umask=0o077,
            **rights,
        ) as process:
            try:
                said, complained = process.communicate(timeout=timeout)
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, said, complained)

    def can_enter(self, folder: Path) -> bool:
        """Return True if this account can reach the content of `folder`."""
        return self.run(["/bin/sh", "-c", 'test -x "$1"', "sh", folder]).returncode == 0

    def take(self, descriptor: int) -> None:
        """Give an open file or folder to this account."""
        if self.switched:
            os.fchown(descriptor, self.uid, self.gid)


def account_for(folder: Path) -> Account:
    """Choose the account that runs the server in `folder`, which need not exist yet.

    Ourselves; as root, the owner of the place, or else an unprivileged account. Raises
    AccountMissing if there is none.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), name_of(os.geteuid()), switched=False)
    owner = existing_ancestor(folder).stat().st_uid
    return named_account(pwd.getpwuid, owner) or unprivileged_account()


def unprivileged_account() -> Account:
    """Return the first account of UNPRIVILEGED that exists; raises AccountMissing."""
    for name in UNPRIVILEGED:
        if (account := named_account(pwd.getpwnam, name)) is not None:
            return account
    raise AccountMissing(
        "PostgreSQL doesn't run as root, and none of the accounts"
        f" {', '.join(UNPRIVILEGED)} exists: add one, or start this as an ordinary user"
    )


def named_account(find: Callable[[Key], pwd.struct_passwd], key: Key) -> Account | None:
    """Return the account with this number or name; None if it does not exist, or is root."""
    try:
        entry = find(key)
    except KeyError:
        return None
    if entry.pw_uid == 0:
        return None
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name, switched=True)


def existing_ancestor(path: Path) -> Path:
    """Return `path`, or the nearest folder above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def name_of(uid: int) -> str:
    """Return the name of the account, or its number if it has no name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
