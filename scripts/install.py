"""Install the dependencies for running (`runtime`) or developing (`development`) into .venv.

    python3 scripts/install.py runtime|development

Every file is checked against a hash. An incomplete environment, as an interrupted run or Debian's
python3 without python3-venv leaves behind, is recreated. Uses only the standard library, since it
runs before anything is installed. Exit status: 0 success, 1 failure, 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"
# Exists while packages are being installed, and later only if that was interrupted.
UNFINISHED = VENV / "unfinished"
LOCKS = {
    "runtime": ("requirements/runtime.lock", "requirements/build.lock"),
    "development": ("requirements/development.lock",),
}
# The stamps of each kind: development.lock includes everything that running needs.
STAMPS = {"runtime": ("runtime",), "development": ("runtime", "development")}
# Isolated: packages on PYTHONPATH don't count as installed.
PIP = (str(PYTHON), "-I", "-u", "-m", "pip", "--disable-pip-version-check", "--no-input", "install")
_LINES_APART = 10
_SOUND = "import sys, pip; sys.exit(sys.version_info < (3, 11))"


class NotInstalled(Exception):
    """A step failed; the message is one line."""


def main(arguments: list[str]) -> int:
    """Install with progress, and return the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        (kind,) = arguments
        prepare_environment()
        install_locked(LOCKS[kind])
        install_project()
        for stamp in STAMPS[kind]:
            (VENV / f"installed-{stamp}").touch()
    except (NotInstalled, OSError) as problem:
        print(f"passport-scorer: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def prepare_environment() -> None:
    """Create .venv unless it is complete; raises NotInstalled."""
    if is_sound():
        return
    require_ensurepip()
    if VENV.exists():
        print(f"{VENV} is incomplete: recreating it")
    run([sys.executable, "-I", "-m", "venv", "--clear", "--without-pip", str(VENV)])
    UNFINISHED.touch()
    run([str(PYTHON), "-I", "-m", "ensurepip", "--default-pip"])
    UNFINISHED.unlink()


def is_sound() -> bool:
    """Return True if the Python in .venv is new enough and has pip, and no run was interrupted."""
    if UNFINISHED.exists() or not os.access(PYTHON, os.X_OK):
        return False
    return (
        subprocess.run([PYTHON, "-I", "-c", _SOUND], capture_output=True, check=False).returncode
        == 0
    )


def require_ensurepip() -> None:
    """Raise NotInstalled if Python comes without it, as Debian's does."""
    try:
        importlib.import_module("venv")
        importlib.import_module("ensurepip").version()
    except Exception:  # noqa: BLE001  whatever is missing of it
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise NotInstalled(
            f"Python {version} can't make virtual environments here: install python{version}-venv"
            f" (apt install python{version}-venv), then try again"
        ) from None


def run(command: list[str]) -> None:
    """Run a program quietly; raises NotInstalled with the last line of its output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()
        raise NotInstalled(f"{' '.join(command[1:4])} failed: {said[-1]}")


def install_locked(locks: Iterable[str]) -> None:
    """Install the packages in the lock files, with progress; raises NotInstalled."""
    names = [name for lock in locks for name in pinned(Path(lock).read_text("utf-8"))]
    options = [word for lock in locks for word in ("-r", lock)]
    progress = Progress(len(set(names)))
    command = [*PIP, "--progress-bar", "off", "--require-hashes", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as pip:
        try:
            for line in pip.stdout or ():
                progress.show(line.strip())
        finally:
            progress.end()
            if sys.exc_info()[0]:
                pip.terminate()
                pip.wait()
    if pip.returncode:
        UNFINISHED.unlink(missing_ok=True)
        raise NotInstalled("the packages could not be installed; pip says above why")


def pinned(lock: str) -> list[str]:
    """Return the names in a lock file."""
    return re.findall(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==", lock, re.MULTILINE)


class Progress:
    """Shows the progress of pip: in place on a terminal, as occasional lines elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._seen = 0
        self._terminal = sys.stdout.isatty()

    def show(self, line: str) -> None:
        """Handle a line of pip's output."""
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            self._seen += 1
            if self._terminal or self._seen % _LINES_APART == 0:
                name = re.split(r"[ =]", line.partition(": ")[2] or line.split()[1])[0]
                self._print(f"Looking at package {self._seen} of {self._total}: {name}")
        elif line.startswith("Downloading ") and (self._terminal or "MB)" in line):
            self._print(line)
        elif line.startswith("Installing collected packages: "):
            UNFINISHED.touch()
            count = line.count(",") + 1
            self._print(f"Installing {count} package{'s' * (count > 1)} into {VENV}")

    def end(self) -> None:
        """End the line that is updated in place."""
        if self._terminal:
            print(flush=True)

    def _print(self, text: str) -> None:
        if self._terminal:
            columns = shutil.get_terminal_size().columns
            print(f"\r\x1b[K{text[: columns - 1]}", end="", flush=True)
        else:
            print(text, flush=True)


def install_project() -> None:
    """Install the command passport-scorer, which runs the sources in place."""
    UNFINISHED.touch()
    run([*PIP, "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."])
    UNFINISHED.unlink()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
