"""Metrics, events, commands, options, files, settings and endpoints in documents exist."""

from __future__ import annotations

import ast
import importlib
import json
import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import cyclopts
import pytest
import yaml
from opentelemetry.sdk import environment_variables

from benchmarks.__main__ import app as benchmarks
from passport_scorer.api.applications import internal_document, public_document
from passport_scorer.cli.commands import app as command
from passport_scorer.settings.model import variables
from passport_scorer.telemetry.metric_types import PREFIX
from passport_scorer.telemetry.metrics import ALL
from scripts.architecture_map import PARTS
from scripts.generated_parts import renewed
from tests.chaos.__main__ import app as chaos
from tests.support.documents import DOCUMENTS, ROOT, blocks, headings, text

PACKAGE = ROOT / "src" / "passport_scorer"
# Where the path of a file in a document may start.
PLACES = (
    *(ROOT, ROOT / "docs", ROOT / "deploy" / "aws", ROOT / "deploy" / "kubernetes"),
    *(ROOT / "requirements", PACKAGE, PACKAGE / "db" / "queries"),
)
# Files that a command makes, or that another program owns.
MADE = {"shadow-report/", "report.html", "report.json", "results.json", "stampMetadata.json"}
MADE |= {".passport-scorer", ".passport-scorer/benchmarks", ".venv", "dist/"}
SUFFIXES = "py|sql|md|toml|json|yaml|txt|lock|svg|service|example"
# Variables of other programs, of the tests, and of the reader's own.
FOREIGN_VARIABLES = {"SHADOW_KEY", "SHADOW_TOKEN", "SIGUSR1", "CAPABILITY_IAM", "TEST_POSTGRESQL"}
# Options of other programs.
FOREIGN_OPTIONS = {"--build-arg", "--protocol"}
PROGRAMS = {"make chaos": chaos, "make bench": benchmarks, "-m benchmarks": benchmarks}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


_each = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)).replace("docs/", "")
)


@cache
def spans(document: Path) -> list[str]:
    """Return the code spans of a document, without its blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text(document), flags=re.DOTALL))


@cache
def shell_lines(document: Path) -> list[str]:
    """Return the lines of all shell blocks, continued lines joined."""
    joined = "\n".join(blocks(document, "sh|console")).replace("\\\n", " ")
    return [re.sub(r"(^|\s)#.*$", "", line).removeprefix("$ ") for line in joined.splitlines()]


def lines_and_spans(document: Path) -> list[str]:
    """Return everything that readers may type."""
    return [*shell_lines(document), *spans(document)]


@_each
def test_links_lead_somewhere(document: Path) -> None:
    """Each link to a file in the repository finds it, and its heading."""
    inline = re.findall(r"\]\(([^)\s]+)\)", text(document))
    definitions = dict(re.findall(r"^\[(\w+)\]: (\S+)$", text(document), re.MULTILINE))
    used = set(re.findall(r"\]\[(\w+)\]", text(document)))
    assert used == definitions.keys()
    for target in [*inline, *definitions.values()]:
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (document.parent / name) if name else document
        assert linked.exists(), target
        if anchor:
            slugs = {
                re.sub(r"[^\w -]", "", heading).replace(" ", "-").lower()
                for heading in headings(linked)
            }
            assert anchor in slugs, target


@_each
def test_metrics_exist(document: Path) -> None:
    """Each metric is scraped under that name, with or without its prefix in the text."""
    known = {metric.full_name for metric in ALL} | {
        f"{metric.full_name}_{part}"
        for metric in ALL
        if metric.kind == "histogram"
        for part in ("bucket", "sum", "count")
    }
    named = set(re.findall(rf"(?<![\w/]){PREFIX}[a-z_]+(?![\w.*-])", text(document)))
    assert named <= known
    counters = {span for span in spans(document) if re.fullmatch(r"[a-z_]+_total", span)}
    assert {PREFIX + counter.removeprefix(PREFIX) for counter in counters} <= known


@_each
def test_events_exist(document: Path) -> None:
    """Each event that a document says is logged is logged by some code."""
    named = set(re.findall(r"`(\w+)` (?:is|are) logged", text(document)))
    assert named <= logged_events()


@cache
def logged_events() -> set[str]:
    """Return the events that the code logs."""
    return {
        str(node.args[0].value)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) == "log"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


@_each
def test_make_targets_exist(document: Path) -> None:
    """Each `make …` is a target, and the program takes its arguments."""
    for line in lines_and_spans(document):
        if target := re.search(r"(?:^|&& |[A-Z_]+=\S+ )make ([\w-]+)", line):
            assert target[1] in TARGETS, line
        arguments = re.search(r"make (\w+) ARGS=\"(.*?)\"", line)
        if arguments and arguments[1] != "test":  # those of pytest
            parse(PROGRAMS[f"make {arguments[1]}"], shlex.split(arguments[2]))
    for target in re.findall(r"`(?:[A-Z_]+=\S+ )?make ([\w-]+)`", text(document)):
        assert target in TARGETS


@_each
def test_commands_of_ours_can_be_parsed(document: Path) -> None:
    """Each command line in a block has a command, options and values that parse."""
    for line in shell_lines(document):
        for part in re.split(r"&&|\|\||[|;]", line):
            if not part.strip().startswith(("aws ", "systemctl ", "install ", "docker ", "cp ")):
                check_command_line(part)


def check_command_line(line: str) -> None:
    """Parse a line with `passport-scorer`, if it is one of its commands."""
    words = shlex.split(line)
    for place, word in enumerate(words):
        if word.rpartition("/")[2] == "passport-scorer" and not word.startswith(("/opt/", "dist")):
            if all("=" in each for each in words[:place]):
                parse(command, words[place + 1 :])
            return


def parse(program: cyclopts.App, words: list[str]) -> None:
    """Parse arguments with a program, without running it."""
    program.parse_args(words, exit_on_error=False, print_error=False)


def commands(program: cyclopts.App, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command."""
    if words:
        yield words
    for name in program:
        if not name.startswith("-"):
            yield from commands(program[name], (*words, name))


def options(program: cyclopts.App) -> set[str]:
    """Return the options of one command."""
    if program.default_command is None:
        return {"--help"}
    collection = program.assemble_argument_collection()
    return {"--help", "--version"} | {name for argument in collection for name in argument.names}


def every_option() -> set[str]:
    """Return the options of all commands, and of the programs for developers."""
    found = options(chaos) | options(benchmarks) | {name for name in command if name[0] == "-"}
    for words in commands(command):
        found |= options(command[words[0]] if len(words) == 1 else command[words[0]][words[1]])
    return found


@_each
def test_commands_and_options_exist(document: Path) -> None:
    """Each command and option in a sentence exists, and belongs together."""
    known, groups = set(commands(command)), {words[0] for words in commands(command)}
    known |= {(name,) for name in command if name.startswith("--")}
    for span in spans(document):
        bare = re.sub(r"^(?:[A-Z_]+=\S+ )*(?:\S*/)?passport-scorer ", "", span)
        if bare == span and (" " not in span or span.split()[0] not in groups):
            named = {word.partition("=")[0] for word in span.split() if word.startswith("--")}
            if span.startswith("--"):
                assert named - FOREIGN_OPTIONS <= every_option(), span
            continue
        words = [word for word in bare.split() if word != "--help"]
        if not words:
            continue
        _, apps, rest = command.parse_commands(words)
        path = tuple(words[: len(words) - len(rest)])
        assert path in known, span
        assert not (rest and rest[0].islower() and apps[-1].default_command is None), span
        named = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert not named or named <= options(apps[-1]), span


@_each
def test_programs_for_developers_can_be_parsed(document: Path) -> None:
    """Each `python -m …` is a module of the repository with these options."""
    for line in lines_and_spans(document):
        if module := re.search(r"python -m (benchmarks|tests\.chaos)(.*)", line):
            program = chaos if module[1] == "tests.chaos" else benchmarks
            parse(program, shlex.split(module[2]))


@_each
def test_files_exist(document: Path) -> None:
    """Each path exists below the repository, the package, or the folder of its kind."""
    for span in spans(document):
        is_file = re.fullmatch(rf"[\w.*-][\w.*/-]*\.({SUFFIXES})", span)
        is_folder = re.fullmatch(r"[\w.-]+(/[\w.-]+)*/", span)
        is_in_folder = re.fullmatch(r"(src|tests|docs|deploy|scripts|requirements)/[\w./-]+", span)
        is_module = re.fullmatch(r"passport_scorer(\.\w+)+", span)
        if span not in MADE and not is_module and (is_file or is_folder or is_in_folder):
            assert any(any(place.glob(span)) for place in PLACES), span
    for line in shell_lines(document):
        for word in re.findall(r"(?<![\w/.=-])(?:src|tests|deploy|scripts|requirements)/\S+", line):
            assert (ROOT / word).exists(), line


def test_the_map_of_the_code_is_right() -> None:
    """The map in the architecture matches the docstrings of packages and modules."""
    document = text(ROOT / "docs" / "architecture.md")
    assert renewed(document, PARTS) == document
    assert document.count("<details>") > 10


def test_an_old_map_is_found_out() -> None:
    """A wrong map is renewed, and a missing place for it is an error."""
    document = text(ROOT / "docs" / "architecture.md")
    assert renewed(document.replace("| `domain/` |", "| `rules/` |"), PARTS) == document
    with pytest.raises(SystemExit):
        renewed(document.replace("map: modules", "modules"), PARTS)


@_each
def test_modules_exist(document: Path) -> None:
    """Each dotted name of the package can be imported."""
    for span in spans(document):
        if re.fullmatch(r"passport_scorer(\.\w+)+", span):
            try:
                importlib.import_module(span)
            except ModuleNotFoundError:
                module, _, name = span.rpartition(".")
                assert hasattr(importlib.import_module(module), name), span


@_each
def test_settings_exist(document: Path) -> None:
    """Each variable is read by some code."""
    named = {
        name
        for span in spans(document)
        for name in re.findall(r"(?:^|\s)([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?==|$|\s)", span)
    }
    for line in shell_lines(document):
        if line.startswith(("export ", "unset ", "passport-scorer", "DATABASE")):
            named |= set(re.findall(r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?==|$| )", line))
    assert named - FOREIGN_VARIABLES <= known_variables()


@cache
def known_variables() -> set[str]:
    """Return every setting, and every other constant of the code that looks like one."""
    names = {name for variable in variables().values() for name in variable.names}
    code = " ".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    names |= set(re.findall(r'"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)"', code))
    return names | set(vars(environment_variables))  # those that the SDK reads


@_each
def test_parameters_of_templates_exist(document: Path) -> None:
    """Each parameter that a stack is deployed with is one of the template's."""
    template = yaml.load((ROOT / "deploy/aws/lambda-arm64.yaml").read_text("utf-8"), _AnyTag)
    for line in shell_lines(document):
        if "--parameter-overrides" in line:
            given = re.findall(r"\b([A-Z]\w+)=", line.partition("--parameter-overrides")[2])
            assert given
            assert set(given) <= template["Parameters"].keys()
    named = {span.partition("=")[0] for span in spans(document) if re.match(r"[A-Z]\w+=", span)}
    camel = {name for name in named if not name.isupper() and "_" not in name}
    assert camel <= template["Parameters"].keys()


class _AnyTag(yaml.CSafeLoader):
    """Read the functions of templates as their arguments."""


_AnyTag.add_multi_constructor("!", lambda *_: None)


@_each
def test_endpoints_exist(document: Path) -> None:
    """Each method and path is served, and so is each path that a shell line requests."""
    paths = {**public_document()["paths"], **internal_document()["paths"]}
    served = {
        (method.upper(), re.sub(r"\{\w+\}", "[^/]+", path))
        for path, methods in paths.items()
        for method in methods
    } | {("GET", "/metrics"), ("GET", "/docs"), ("GET", "/openapi.json")}
    asked = [tuple(span.split()) for span in spans(document) if re.match(r"[A-Z]+ /\S+$", span)]
    for line in shell_lines(document):
        if line.startswith("curl"):
            asked += [("GET", path) for path in re.findall(r"https?://[^/\s]+(/[^\s'\"?]*)", line)]
    for method, path in asked:
        assert any(method == known and re.fullmatch(pattern, path) for known, pattern in served), (
            f"{method} {path}"
        )


def test_every_decision_is_in_the_index() -> None:
    """Each decision has a number of its own, a place in the index, and the same three parts."""
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    linked = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", text(folder / "README.md"))
    assert linked == [path.name for path in pages]
    assert len({path.name[:4] for path in pages}) == len(pages) > 20
    for page in pages:
        title, *parts = headings(page)
        assert re.match(rf"{int(page.name[:4])}\. [A-Za-z]", title), page.name
        assert parts == ["Context", "Decision", "Consequences"], page.name


def test_every_endpoint_is_documented_with_its_caller() -> None:
    """The page about the API lists each endpoint with its audience."""
    shown = re.findall(
        r"^\| `([A-Z]+) (\S+)` \| (\w+) \|", text(ROOT / "docs" / "api.md"), re.MULTILINE
    )
    callers = {"ApiKey": "partner", "AccessToken": "owner", "InternalToken": "internal"}
    served = {
        (method.upper(), path, callers[min(ways[0])] if ways else "anyone")
        for document in (public_document(), internal_document())
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        for ways in [operation["security"]]
    }
    assert set(shown) == served | {("GET", "/metrics", "anyone")}
    assert len(shown) == len(set(shown))


FAULTS = [
    (test_links_lead_somewhere, "[x](nowhere.md)"),
    (test_links_lead_somewhere, "[x](#nowhere)"),
    (test_links_lead_somewhere, "[x][nothing]"),
    (test_links_lead_somewhere, "[x][there]\n\n[there]: nowhere.md"),
    (test_metrics_exist, "passport_scorer_scoring_races_lost_total"),
    (test_metrics_exist, "`races_won_total`"),
    (test_events_exist, "`nothing` is logged"),
    (test_make_targets_exist, "`make nothing`"),
    (test_make_targets_exist, "```sh\nPORT=1 make nothing\n```"),
    (test_make_targets_exist, '```sh\nmake chaos ARGS="--nothing"\n```'),
    (test_commands_of_ours_can_be_parsed, "```sh\nA=b passport-scorer db nothing\n```"),
    (test_commands_of_ours_can_be_parsed, "```sh\npassport-scorer db check --nothing\n```"),
    (test_commands_of_ours_can_be_parsed, "```sh\npassport-scorer serve --port x\n```"),
    (test_commands_and_options_exist, "`passport-scorer nothing`"),
    (test_commands_and_options_exist, "`db nothing`"),
    (test_commands_and_options_exist, "`shadow rows --writes`"),
    (test_commands_and_options_exist, "`--nothing 5`"),
    (test_programs_for_developers_can_be_parsed, "`python -m benchmarks --nothing`"),
    (test_files_exist, "`docs/nothing.md`"),
    (test_files_exist, "`nothing.sql`"),
    (test_files_exist, "```sh\ncp deploy/nothing .\n```"),
    (test_modules_exist, "`passport_scorer.app.nothing`"),
    (test_settings_exist, "`NO_SETTING=1`"),
    (test_settings_exist, "```sh\nexport NO_SETTING=1\n```"),
    (test_parameters_of_templates_exist, "`Nothing=1`"),
    (test_parameters_of_templates_exist, "```sh\naws --parameter-overrides A=1\n```"),
    (test_endpoints_exist, "`GET /nothing`"),
    (test_endpoints_exist, "```sh\ncurl http://host/nothing\n```"),
]


@pytest.mark.parametrize(("check", "fault"), FAULTS)
def test_faults_are_found(check: Callable[[Path], None], fault: str, tmp_path: Path) -> None:
    """A document that names something that does not exist is reported."""
    document = tmp_path / "document.md"
    document.write_text(fault, "utf-8")
    with pytest.raises((AssertionError, cyclopts.CycloptsError)):
        check(document)


def test_every_document_is_looked_at() -> None:
    """The tests above find enough to check."""
    assert len(DOCUMENTS) > 5
    assert sum(len(spans(document)) for document in DOCUMENTS) > 500
    assert sum("passport-scorer" in line for d in DOCUMENTS for line in shell_lines(d)) > 10
    assert json.dumps(sorted(logged_events())).count("_") > 30
