"""`scripts/install.py`, which `make` calls on a bare machine: real environments, real packages."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import sysconfig
import time
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "install.py"
MAXIMUM_SECONDS = 60
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "tiny"
version = "1"
scripts = { tiny = "tiny:main" }
[tool.hatch.build]
dev-mode-dirs = ["src"]
[tool.hatch.build.targets.wheel]
packages = ["src/tiny"]
"""
# An interpreter that came without it, as Debian's without python3-venv.
NO_ENSUREPIP = "raise ModuleNotFoundError(\"No module named 'ensurepip'\")"


def wheel(folder: Path, name: str) -> str:
    """Make the wheel of a package, and return its line for a lock file."""
    info = f"{name}-1.dist-info"
    file = folder / f"{name}-1-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return f"{name}==1 --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of one module, with lock files of packages that are next to it."""
    (tmp_path / "src" / "tiny").mkdir(parents=True)
    (tmp_path / "src" / "tiny" / "__init__.py").write_text("def main(): print('tiny runs')\n")
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    running, testing = wheel(tmp_path, "part_running"), wheel(tmp_path, "part_testing")
    (requirements / "runtime.lock").write_text(running)
    (requirements / "build.lock").write_text("")
    (requirements / "development.lock").write_text(running + testing)
    return tmp_path


def environment(project: Path, *paths: Path) -> dict[str, str]:
    """Nothing but the project's own packages can be had; the build backend is ours."""
    return {
        "PATH": os.defpath,
        "HOME": str(project),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(project),
        "PYTHONPATH": os.pathsep.join([*map(str, paths), sysconfig.get_path("purelib")]),
    }


def install(project: Path, kind: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Run the script as `make` does."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), kind],
        cwd=project,
        env=environment(project, *paths),
        capture_output=True,
        text=True,
        check=False,
    )


def packages(project: Path) -> set[str]:
    """Return the versions of the lock files that are installed."""
    return {path.stem for path in (project / ".venv").glob("lib/*/site-packages/part_*.py")}


def stamps(project: Path) -> set[str]:
    """Return the stamp files that tell `make` which steps are done."""
    return {path.name for path in (project / ".venv").glob("installed-*")}


def runs(project: Path) -> bool:
    """Return True if the project's command exists and runs the project's sources."""
    command = [project / ".venv" / "bin" / "tiny"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout == "tiny runs\n"


def left_of(group: int) -> list[str]:
    """The processes of a group that still run."""
    listed = subprocess.run(
        ["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    return [row[2] for row in rows if row[0] == str(group) and not row[1].startswith("Z")]


def test_running_needs_less_than_tests_do(project: Path) -> None:
    """Each kind installs its own lock file, in either order, and says how far it is."""
    first = install(project, "runtime")
    assert (first.returncode, first.stderr) == (0, "")
    assert "Installing 1 package into .venv" in first.stdout
    assert (packages(project), stamps(project)) == ({"part_running"}, {"installed-runtime"})
    assert runs(project)
    for kind in ("development", "runtime"):
        assert install(project, kind).returncode == 0
        assert packages(project) == {"part_running", "part_testing"}
        assert stamps(project) == {"installed-runtime", "installed-development"}
        assert runs(project)


def test_a_file_with_another_hash_is_refused(project: Path) -> None:
    """A package that differs from the lock file isn't installed; the next try starts over."""
    lock = project / "requirements" / "runtime.lock"
    right = lock.read_text()
    lock.write_text(right.replace(right[-9:-1], "00000000"))
    refused = install(project, "runtime")
    assert refused.returncode == 1
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert refused.stderr.splitlines()[-1].startswith("passport-scorer: ")
    assert (packages(project), stamps(project)) == (set(), set())
    lock.write_text(right)
    assert install(project, "runtime").returncode == 0


def test_python_without_ensurepip(project: Path) -> None:
    """One line names the package; nothing half-made is left, and a later run repairs it."""
    (project / "broken").mkdir()
    (project / "broken" / "ensurepip.py").write_text(NO_ENSUREPIP)
    name = f"python3.{sys.version_info.minor}-venv"
    for half_made in (False, True):
        if half_made:
            subprocess.run(
                [sys.executable, "-m", "venv", "--without-pip", project / ".venv"], check=True
            )
        done = install(project, "runtime", project / "broken")
        (line,) = done.stderr.splitlines()
        assert done.returncode == 1
        assert f"apt install {name}" in line
        assert (project / ".venv").exists() == half_made
    mended = install(project, "runtime")
    assert (mended.returncode, mended.stderr) == (0, "")
    assert ".venv is incomplete" in mended.stdout
    assert runs(project)


def test_interrupted_at_any_moment(project: Path) -> None:
    """Ctrl-C ends it with what it has started, and the next start leads to the same environment."""
    delays = (0.1, 0.8, 2.0)
    for delay in delays:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), "runtime"],
            cwd=project,
            env=environment(project),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        time.sleep(delay)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(MAXIMUM_SECONDS)
        deadline = time.monotonic() + MAXIMUM_SECONDS
        while left_of(process.pid):
            assert time.monotonic() < deadline, left_of(process.pid)
            time.sleep(0.05)
    done = install(project, "runtime")
    assert (done.returncode, done.stderr) == (0, "")
    assert packages(project) == {"part_running"}
    assert runs(project)
