"""The embedded PostgreSQL: a server of our own, for a machine where there is none."""

from .account import Account
from .errors import (
    AccountMissingError,
    BinariesMissingError,
    EmbeddedServerError,
    FolderRefusedError,
    ServerFailedError,
    VersionMismatchError,
)
from .installation import Installation, find_installation
from .interruptions import Interruption, ending_in_order
from .place import SHARED_FOLDER, Place
from .server import DATABASE, EmbeddedServer

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
