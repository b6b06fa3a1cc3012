"""What the conformance tests compare with: the folder that this repository's owner shares."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `shared` beside the repository; without it, conformance can't be tested."""
    folder = Path(__file__).parents[3] / "shared"
    if not folder.is_dir():
        pytest.skip("CONFORMANCE NOT TESTED: there is no folder `shared` beside the repository")
    return folder
