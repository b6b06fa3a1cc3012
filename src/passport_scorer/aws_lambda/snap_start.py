"""SnapStart: sandboxes that continue from a snapshot of one that has started.

Lambda takes the snapshot when a version of the function is published, and restores any number of
sandboxes from it, seconds or weeks later. Whatever ends, changes or has to differ between sandboxes
is therefore closed before the snapshot and made after it: connections, the event loop and its
clock, settings from a secret, random numbers.

Source: AWS Lambda Developer Guide, "Lambda SnapStart runtime hooks for Python" and "Handling
uniqueness with Lambda SnapStart".
"""

from __future__ import annotations

import os
import random
import ssl
from collections.abc import Mapping
from importlib import import_module

from passport_scorer.aws_lambda.function import LambdaFunction

_ENTROPY = 32  # bytes
# Modules that some requests import when they come first. In a snapshot they take no time.
_LATER = (
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.serialization",
    "httpx",
    "joserfc.jwt",
    "pyld.jsonld",
)


def register(function: LambdaFunction, environ: Mapping[str, str]) -> None:
    """Let Lambda call the functions below, if a snapshot of this sandbox is going to be taken.

    Raises:
        ImportError: this is not Lambda's own Python. Without the calls, sandboxes would share
            random numbers, so that the version can't be published.
    """
    if environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return
    from snapshot_restore_py import register_after_restore, register_before_snapshot

    register_before_snapshot(before_snapshot, function)
    register_after_restore(after_restore, function)


def before_snapshot(function: LambdaFunction) -> None:
    """Close all that a sandbox has opened; load modules that restored sandboxes may need."""
    for module in _LATER:
        import_module(module)
    function.close()


def after_restore(function: LambdaFunction) -> None:
    """Make random numbers differ from those of other sandboxes, and start again."""
    random.seed()  # from the system, which Lambda keeps unique
    ssl.RAND_add(os.urandom(_ENTROPY), _ENTROPY)
    function.start()
