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
from passport_scorer.tools.embedded_postgres.signals import (
    DeferredSignals,
    Interruption,
    deferred_signals,
    signals_as_interruptions,
)

__all__ = [
    "DATABASE",
    "SHARED_FOLDER",
    "Account",
    "AccountMissing",
    "BinariesMissing",
    "DeferredSignals",
    "EmbeddedServer",
    "EmbeddedServerFailed",
    "FolderRefused",
    "Installation",
    "Interruption",
    "Place",
    "ServerFailed",
    "VersionMismatch",
    "deferred_signals",
    "find_installation",
    "signals_as_interruptions",
]
