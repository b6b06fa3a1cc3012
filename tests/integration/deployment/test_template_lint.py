"""The committed templates, as AWS's own linter sees them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "deploy" / "aws"
NOWHERE = "http://127.0.0.1:9"


def test_valid_to_the_linter_without_a_network() -> None:
    """cfn-lint finds nothing, not even something to be informed of, and needs no network."""
    files = sorted(FOLDER.glob("*.yaml"))
    assert files
    done = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--include-checks", "I", "--", *files],
        env={"PATH": os.environ["PATH"], "HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
