"""Packages that the documents and scripts install come with a hash, and as a wheel.

Source distributions would fetch their build tools without hashes.
"""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
REQUIREMENTS = ROOT / "requirements"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
FETCHES = {"install", "wheel", "download"}
HASHED = {"--require-hashes", "--only-binary"}
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)


def commands(block: str) -> list[list[str]]:
    """Split the commands of a shell block into words."""
    lines = block.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def blocks() -> list[str]:
    """Return all shell blocks in the documents."""
    documents = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    texts = [document.read_text("utf-8") for document in documents]
    return [found for text in texts for found in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]


def server_steps() -> list[list[str]]:
    """Return the documented installation on a server."""
    section = OPERATIONS.partition("### On a server\n")[2]
    return commands(section.partition("```sh\n")[2].partition("```")[0])


def pip_steps(steps: list[list[str]]) -> list[list[str]]:
    """Return the commands that call pip to install something."""
    return [words for words in steps if words[0].endswith("pip") and FETCHES & set(words)]


def test_documented_commands_fetch_nothing_without_a_hash() -> None:
    """Each pip command installs wheels pinned by hash from lock files, or fetches nothing."""
    found = [words for block in blocks() for words in pip_steps(commands(block))]
    assert len(found) >= 4
    for words in found:
        if "--no-index" in words:
            continue
        assert set(words) >= HASHED, words
        assert words[words.index("--only-binary") + 1] == ":all:"
        named = [after for word, after in pairwise(words) if word == "-r"]
        assert named
        assert all((ROOT / name).is_file() for name in named)
        assert not [word for word in words if word == "." or "[" in word]
    prose = [(ROOT / "README.md"), *(ROOT / "docs").glob("*.md")]
    assert not [file for file in prose if "`pip install" in file.read_text("utf-8")]


def test_the_server_is_installed_as_the_image_is() -> None:
    """Build tools are locked, the build is offline, and its result is installed."""
    steps = pip_steps(server_steps())
    locks = [words[-1] for words in steps if "-r" in words]
    assert locks == ["requirements/server.lock", "requirements/build.lock"]
    build = next(words for words in steps if "wheel" in words)
    assert set(build) >= {"--no-index", "--no-deps", "--no-build-isolation"}
    wheels = f"{build[build.index('--wheel-dir') + 1]}/passport_scorer-*.whl"
    assert steps[-1][-1] == wheels
    image = (ROOT / "deploy" / "container" / "Containerfile").read_text()
    for option in ("--no-index --no-deps --no-build-isolation", "--no-index --no-deps dist/"):
        assert option in image


@pytest.mark.parametrize("lock", sorted(REQUIREMENTS.glob("*.lock")), ids=lambda lock: lock.name)
def test_every_version_has_hashes(lock: Path) -> None:
    """Every line of a lock file has a hash."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", lock.read_text())
    pinned = [entry for entry in entries if _REQUIREMENT.match(entry)]
    assert pinned
    assert all("--hash=sha256:" in entry for entry in pinned)


def test_locks_agree() -> None:
    """aws.lock is server.lock and what reads a secret; all is tested in the versions that run."""
    runtime, server, aws, build, development = (
        set(_REQUIREMENT.findall((REQUIREMENTS / f"{name}.lock").read_text()))
        for name in ("runtime", "server", "aws", "build", "development")
    )
    assert server < aws < development
    assert runtime < development
    assert build < development
    assert "botocore" in {name for name, _ in aws - server}
