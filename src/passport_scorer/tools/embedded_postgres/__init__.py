"""The embedded PostgreSQL, for machines without a server."""

from passport_scorer.tools.embedded_postgres.account import Account
from passport_scorer.tools.embedded_postgres.data_folder import SHARED_FOLDER, Place
from passport_scorer.tools.embedded_postgres.errors import (
    AccountMissing,
    BinariesMissing,
    EmbeddedServerFailed,
    FolderRefused,
    ServerFailed,
    VersionMismatch,
)
from passport_scorer.tools.embedded_postgres.installation import Installation, find_installation
from passport_scorer.tools.embedded_postgres.server import EmbeddedServer
from passport_scorer.tools.embedded_postgres.server_process import DATABASE

__all__ = [
    "DATABASE",
    "SHARED_FOLDER",
    "Account",
    "AccountMissing",
    "BinariesMissing",
    "EmbeddedServer",
    "EmbeddedServerFailed",
    "FolderRefused",
    "Installation",
    "Place",
    "ServerFailed",
    "VersionMismatch",
    "find_installation",
]
