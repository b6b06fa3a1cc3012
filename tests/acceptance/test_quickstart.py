"""The quickstart works as it is written: its commands, its answers, its programs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from passport_scorer.api.applications import public_document
from passport_scorer.tools.demo.world import PEOPLE
from tests.acceptance.test_command_line import running_demo
from tests.support.documents import ROOT, blocks

if TYPE_CHECKING:
    from tests.acceptance.conftest import StartService

QUICKSTART = ROOT / "docs" / "quickstart.md"
SHOWN_URL = "http://127.0.0.1:8000"
# The time of a score differs from run to run.
_NOW = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
_TYPES = {"string": "string", "boolean": "boolean", "integer": "number", "null": "null"}
_NAMES = {"ShownStamp": "StampScore", "Points": "Points"}
_SECONDS = 30


@pytest.fixture(scope="module")
def demo_url(server_folder: Path) -> Iterator[str]:
    """The demo, started as `make run` does."""
    folder = server_folder / "quickstart"
    folder.mkdir(mode=0o755)
    with running_demo(folder, "postgresql://nobody@127.0.0.1:1/left-alone") as (output, _):
        (base,) = set(re.findall(r"http://127\.0\.0\.1:\d+(?=\s)", output.read_text()))
        yield base


def commands() -> list[tuple[str, str]]:
    """Return each command of the console blocks, and the answer that follows it."""
    return [
        (command.strip(), answer)
        for block in blocks(QUICKSTART, "console")
        for command, answer in re.findall(
            r"^\$ ((?:.*\\\n)*.*\n)((?:(?!\$ ).*\n)*)", block, re.MULTILINE
        )
    ]


def run(words: list[str], **variables: str) -> str:
    """Run a program; return what it prints."""
    given = {**os.environ, "NO_PROXY": "*", "PATH": path_with_python(), **variables}
    done = subprocess.run(
        words, env=given, capture_output=True, text=True, check=True, timeout=_SECONDS
    )
    return done.stdout


def path_with_python() -> str:
    """Return a search path on which `python3` is this Python."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def test_commands_print_the_shown_output(demo_url: str) -> None:
    """Each curl command prints its answer, except the time of a score."""
    assert len(commands()) == 7
    for command, shown in commands():
        printed = run(["sh", "-c", command.replace(SHOWN_URL, demo_url)])
        assert _NOW.sub("now", printed) == _NOW.sub("now", shown), command


def test_the_python_program_prints_the_shown_output(demo_url: str) -> None:
    """The Python program runs as it stands and prints what the document says."""
    (program,), (shown,) = blocks(QUICKSTART, "python"), blocks(QUICKSTART, "text")
    assert run([sys.executable, "-c", program], SCORER_URL=demo_url) == shown


async def test_a_limited_key_gets_the_shown_response(
    start_service: StartService, demo_database_url: str
) -> None:
    """A key over its limit gets the status, headers and body of the example."""
    service = await start_service(demo_database_url)
    key = await service.tables.add_key(rate_limit="2/15m")
    (shown,) = blocks(QUICKSTART, "http")
    head, _, body = shown.partition("\n\n")
    status, *headers = head.splitlines()
    for _ in range(3):
        answer = await service.score("ada", 1, key)
    assert f"HTTP/1.1 {answer.status_code} {answer.reason_phrase}" == status
    assert answer.text == body.strip()
    for name, value in (line.split(": ", 1) for line in headers):
        assert unhurried(answer.headers[name]) == unhurried(value)


def unhurried(header: str) -> str:
    """Return a header without the seconds that have passed since its window began."""
    return re.sub(r"(?<=t=)\d+$|^\d+$", "…", header)


def test_the_typescript_program_fits_the_interface() -> None:
    """Its path and header are served, and its types are exactly those of the OpenAPI document."""
    (program,) = blocks(QUICKSTART, "typescript")
    document = public_document()
    path = re.sub(r"\$\{(\w+)\}", "{}", program.partition("${url}")[2].partition("`")[0])
    served = {re.sub(r"\{\w+\}", "{}", each): item for each, item in document["paths"].items()}
    schemes = document["components"]["securitySchemes"]
    (scheme, *_) = (next(iter(way)) for way in served[path]["get"]["security"])
    assert f'headers: {{ "{schemes[scheme]["name"]}": key }}' in program
    statuses = set(map(int, re.findall(r"\b[45]\d\d\b", program)))
    assert statuses <= set(map(int, served[path]["get"]["responses"]))
    schemas = document["components"]["schemas"]
    answered = served[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    names = {**_NAMES, answered["$ref"].rpartition("/")[2]: "Score"}
    for schema, name in names.items():
        assert declared(program, name) == {
            member: typescript(kind) for member, kind in schemas[schema]["properties"].items()
        }


def declared(program: str, name: str) -> dict[str, str]:
    """Return the members of a type, and their types."""
    found = re.search(rf"^type {name} = \{{(.*?)\}};$", program, re.DOTALL | re.MULTILINE)
    assert found, name
    return dict(re.findall(r"(\w+): ([^;]+?)(?:;|\s*$)", found[1].strip()))


def typescript(schema: Mapping[str, Any]) -> str:
    """Return the TypeScript type of a JSON schema."""
    if "$ref" in schema:
        return _NAMES[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return " | ".join(typescript(each) for each in schema["anyOf"])
    if schema["type"] == "object":
        return f"Record<string, {typescript(schema['additionalProperties'])}>"
    return _TYPES[schema["type"]]


def test_demo_users_are_those_of_the_demo() -> None:
    """The addresses in the document are demo users, and one that is not an address."""
    shown = set(re.findall(r"0x[0-9a-f]{40}", QUICKSTART.read_text("utf-8")))
    assert shown == {
        person.address for person in PEOPLE if person.name in ("ada", "bob", "cleo", "hana", "jun")
    }


def test_errors_link_to_their_explanation(demo_url: str) -> None:
    """An error links to an entry that exists on the page of errors, as the document says."""
    answer = httpx.get(f"{demo_url}/v2/stamps/1/score/0x12", trust_env=False)
    link = answer.headers["link"]
    assert link.endswith('; rel="help"')
    target = urlsplit(link[1 : link.index(">")])
    page = httpx.get(f"{demo_url}{target.path}", headers={"Accept": "text/html"}, trust_env=False)
    assert f'id="{target.fragment}"' in page.text
