"""Markers that follow from the folder of a test."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
FOLDERS = ("unit", "api", "integration", "conformance", "acceptance")
WITHOUT_SOCKETS = ("unit", "api")


def mark_by_folder(item: pytest.Item) -> None:
    """Mark a test with the name of its folder; unit tests can't open internet sockets."""
    folder = item.path.relative_to(TESTS).parts[0]
    if folder in FOLDERS:
        item.add_marker(folder)
    if folder in WITHOUT_SOCKETS:
        item.add_marker("disable_socket")
