"""The modules that a start imports: those of a list, and nothing that only some settings need."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE

from .conftest import ANSWER_SECONDS, END_SECONDS, SERVING, environment, listening_port, said

LIST = Path(__file__).with_name("modules_at_start.toml")
PATH = f"/v2/stamps/1/score/{next(person.address for person in PEOPLE if person.name == 'bob')}"
SCORE = "0.72400"
# Prints the loaded modules when it ends.
SERVICE = """
import atexit, sys
atexit.register(lambda: print("\\n".join(sys.modules)))
from passport_scorer.cli.__main__ import main
main()
"""
# Prints the first answer, then the loaded modules.
FUNCTION = """
import json, sys
from passport_scorer.aws_lambda import handler
print(handler(json.loads(sys.argv[1]), None)["body"])
print("\\n".join(sys.modules))
"""
EVENT = {
    "version": "2.0",
    "rawPath": PATH,
    "rawQueryString": "",
    "headers": {"host": "localhost", "x-api-key": DEMO_API_KEY.key},
    "requestContext": {"http": {"method": "GET", "path": PATH, "sourceIp": "127.0.0.1"}},
    "isBase64Encoded": False,
}
HELP = (
    "{what} by the time of the first score, in addition to tests/acceptance/{file}: {names}."
    " Import it in the function that needs it, as others do. If every first score needs it, add it"
    " to that file, and say in the pull request what it costs (`python -X importtime`, and"
    " `python -m benchmarks.start_up` before and after). See docs/decisions/0045-start.md."
)


@contextmanager
def running(url: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a service with default settings; its standard error goes to the file `log`."""
    with (
        (folder / "log").open("wb") as stderr,
        subprocess.Popen(
            [sys.executable, "-c", SERVICE, "serve", "--port", "0"],
            cwd=folder,
            env=environment({**SERVING, "DATABASE_URL": url, "SHUTDOWN_DELAY_SECONDS": "0"}),
            stdout=subprocess.PIPE,
            stderr=stderr,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


async def modules_of_the_service(url: str, folder: Path) -> set[str]:
    """Return the modules of a service with default settings after its first score."""
    with running(url, folder) as process:
        port = await listening_port(process, folder / "log")
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            headers = {"X-API-Key": DEMO_API_KEY.key}
            answer = await client.get(f"http://127.0.0.1:{port}{PATH}", headers=headers)
        assert answer.json()["score"] == SCORE, said(folder / "log")
        process.terminate()
        output, _ = process.communicate(timeout=END_SECONDS)
    return set(output.decode().split())


def modules_of_the_function(url: str) -> set[str]:
    """Return the modules of a function on AWS Lambda after its first event, without traces."""
    settings = {"DATABASE_URL": url, "OTEL_ENABLED": "off", "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-c", FUNCTION, json.dumps(EVENT)],
        env=environment({**SERVING, **settings}),
        capture_output=True,
        check=True,
        text=True,
        timeout=ANSWER_SECONDS,
    )
    body, *modules = done.stdout.splitlines()
    assert json.loads(body)["score"] == SCORE, done.stderr
    return set(modules)


def check(loaded: set[str], packages: str) -> None:
    """Compare the loaded modules with the list.

    Args:
        loaded: the modules of a process.
        packages: the part of the list with its packages, in addition to those of `both`.
    """
    listed = tomllib.loads(LIST.read_text())
    names = {name.partition(".")[0] for name in loaded}
    # Those of extension modules have an underscore, and change with their compilers.
    more = {name for name in names if not name.startswith("_")}
    more -= {*sys.stdlib_module_names, "passport_scorer", "cython_runtime"}
    more -= {*listed["both"], *listed[packages]}
    assert not more, HELP.format(
        what="Packages are loaded", file=LIST.name, names=", ".join(sorted(more))
    )
    never = [name for name in listed["never"] if name in loaded]
    assert not never, HELP.format(
        what="Modules that are listed as slow are loaded", file=LIST.name, names=", ".join(never)
    )


async def test_the_service_loads_what_a_first_score_needs(
    demo_database_url: str, tmp_path: Path
) -> None:
    """Neither other packages nor slow modules are loaded."""
    check(await modules_of_the_service(demo_database_url, tmp_path), "service")


def test_the_function_loads_what_a_first_score_needs(demo_database_url: str) -> None:
    """Neither other packages nor slow modules are loaded."""
    check(modules_of_the_function(demo_database_url), "function")


@pytest.mark.parametrize("name", ["rich.table", "urllib.request"])
def test_what_is_not_listed_is_named(name: str) -> None:
    """The message names what is loaded in addition, and says what to do."""
    with pytest.raises(AssertionError, match=rf"{name.partition('.')[0]}.*Import it in") as failure:
        check({"passport_scorer.app", "asyncpg.protocol", "json", name}, "service")
    assert "asyncpg" not in str(failure.value)
