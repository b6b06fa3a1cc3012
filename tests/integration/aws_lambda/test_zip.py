"""The zip of the function holds exactly its dependencies, in the versions of the lock files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from passport_scorer.tools.demo.world import DEMO_API_KEY, PEOPLE

from .conftest import Sandbox, recorded

PROJECT = Path(__file__).parents[3]
REQUIREMENTS = PROJECT / "requirements"
BOB = next(person.address for person in PEOPLE if person.name == "bob")

# Lets a process see only what is in the zip: distributions of the lock file, parts of the service.
LIMITED = """
import re, sys
from importlib.metadata import packages_distributions

locked, missing = set(sys.argv[1].split(",")), tuple(sys.argv[2].split(","))
hidden = {
    module
    for module, distributions in packages_distributions().items()
    if not locked & {re.sub("[-_.]+", "-", name).lower() for name in distributions}
} - {"passport_scorer"} - set(sys.stdlib_module_names)

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in hidden or name.startswith(missing):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Nothing())
"""
PROGRAM = """
import json
from passport_scorer.aws_lambda import handler

for event in json.load(sys.stdin):
    answer = handler(event, None)
    print(answer["statusCode"])
handler.close()
"""
NOT_IN_THE_ZIP = "cli,reporting,server,tools"


def names(text: str) -> set[str]:
    """The names of the packages at the beginning of lines."""
    found = re.findall(r"^([A-Za-z0-9._-]+)", text, re.MULTILINE)
    return {re.sub("[-_.]+", "-", name).lower() for name in found}


def pinned(name: str) -> set[str]:
    """The `name==version` of a lock file."""
    return set(re.findall(r"^(\S+==\S+)", (REQUIREMENTS / name).read_text(), re.MULTILINE))


def test_the_lock_file_has_the_same_versions() -> None:
    """The function runs with what every other deployment runs with."""
    assert pinned("lambda.lock") < pinned("server.lock")


def test_requirements_are_a_subset_of_the_dependencies() -> None:
    """The function's list of requirements adds none of its own."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    everything = names("\n".join([*project["dependencies"], *extras["otel"], *extras["redis"]]))
    assert names((REQUIREMENTS / "lambda.in").read_text()) < everything


def test_nothing_else_is_needed(sandbox: Sandbox) -> None:
    """With nothing but what is in the zip, requests of every kind are answered."""
    locked = names((REQUIREMENTS / "lambda.lock").read_text())
    missing = ",".join(f"passport_scorer.{part}" for part in NOT_IN_THE_ZIP.split(","))
    stamps = recorded("load_balancer", "/ceramic-cache/stamp")
    stamps["queryStringParameters"] = {"address": BOB}
    events = [
        recorded("load_balancer", f"/v2/stamps/1/score/{BOB}"),
        *(recorded("function_url", f"/v2/stamps/1/score/{person.address}") for person in PEOPLE),
        recorded("load_balancer", "/account/nonce"),
        recorded("load_balancer", "/health/ready"),
        recorded("load_balancer", "/openapi.json"),
        stamps,
    ]
    settings = sandbox.settings(
        OTEL_ENABLED="on", DEMO_API_KEY=DEMO_API_KEY.key, CERAMIC_CACHE_SCORER_ID="1"
    )
    done = subprocess.run(
        [sys.executable, "-c", LIMITED + PROGRAM, ",".join(locked), missing],
        input=json.dumps(events),
        capture_output=True,
        check=False,
        env=settings,
        text=True,
    )
    assert done.stdout.split() == ["200"] * len(events), done.stderr
