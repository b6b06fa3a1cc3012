"""Passport Scorer: tells an application whether an Ethereum address belongs to a unique human."""


def version() -> str:
    """Return the version of this installation, as in `1.2.3`."""
    # Slow to import, and only documents and telemetry need it.
    from importlib.metadata import version as installed_version

    return installed_version("passport-scorer")
