"""The embedded PostgreSQL: a server of our own, for a machine where there is none."""

from passport_scorer.tools.embedded_postgres.account import Account
from passport_scorer.tools.embedded_postgres.data_folder import SHARED_FOLDER, Place
from passport_scorer.tools.embedded_postgres.errors import (
    AccountMissingError,
    BinariesMissingError,
    EmbeddedServerError,
    FolderRefusedError,
    ServerFailedError,
    VersionMismatchError,
)
from passport_scorer.tools.embedded_postgres.installation import Installation, find_installation
from passport_scorer.tools.embedded_postgres.server import DATABASE, EmbeddedServer
from passport_scorer.tools.embedded_postgres.signals import Interruption, ending_in_order

__all__ = [
    "DATABASE",
    "SHARED_FOLDER",
    "Account",
    "AccountMissingError",
    "BinariesMissingError",
    "EmbeddedServer",
    "EmbeddedServerError",
    "FolderRefusedError",
    "Installation",
    "Interruption",
    "Place",
    "ServerFailedError",
    "VersionMismatchError",
    "ending_in_order",
    "find_installation",
]
