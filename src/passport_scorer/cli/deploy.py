"""`passport-scorer deploy …`: infrastructure templates, and shifting traffic stage by stage."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.table import Table

from passport_scorer.cli.errors import Status
from passport_scorer.cli.extras import import_from_extra
from passport_scorer.cli.output import Json, print_json, print_table
from passport_scorer.tools.aws.errors import TemplateFileProblem
from passport_scorer.tools.aws.routing import INTERNAL, Choices
from passport_scorer.tools.aws.rules import violations
from passport_scorer.tools.aws.stages import (
    Change,
    changes,
    check_stage,
    stage_before,
    update_command,
)
from passport_scorer.tools.aws.template_parsing import read_infrastructure

app = App(
    name="deploy",
    help="Templates for AWS, checks of them, and shifting traffic from another deployment.",
)


@app.command
def template(
    *,
    arch: Literal["arm64", "x86_64"] = "arm64",
    name: str = Choices().name,
    routing_header: str = Choices().routing_header,
    output: Path | None = None,
) -> None:
    """Print the CloudFormation template, after checking that it keeps the infrastructure rules.

    Those of the default name are in deploy/aws. Needs pip install 'passport-scorer[deploy]'.

    For example:

        passport-scorer deploy template --arch x86_64 --output scorer.yaml

    Args:
        arch: Architecture of the function, arm64 or x86_64.
        name: Of the deployment; names in the account begin with it.
        routing_header: Requests with this header and the value true come to this deployment.
        output: File to write; without it the template is printed.
    """
    build = import_from_extra("passport_scorer.tools.aws.template.build", "deploy")
    text: str = build.template_text(
        Choices(name=name, architecture=arch, routing_header=routing_header)
    )
    if output is None:
        print(text, end="")
    else:
        _write(output, text)


@app.command
def check(
    file: Path,
    *,
    internal_listener: Annotated[tuple[str, ...], Parameter(negative="")] = (INTERNAL.listener,),
    json: Json = False,
) -> int:
    """Check a CloudFormation template, ours or any other, against the infrastructure rules.

    One line for each rule that is broken, with the names of what breaks it. A listener that the
    template is only given counts as a load balancer of its own. Exit status: 0 if all rules are
    kept, 1 if not. Needs pip install 'passport-scorer[deploy]'.

    For example:

        passport-scorer deploy check deploy/aws/lambda-arm64.yaml

    Args:
        file: YAML or JSON.
        internal_listener: Names of the listeners, or of the parameters with their ARNs, that only
            the private network reaches; every other one counts as public.
    """
    infrastructure = read_infrastructure(_load(file), internal_listener)
    broken = list(violations(infrastructure))
    rules = len(infrastructure.rules)
    if json:
        said = [{"code": error.code, "message": error.message} for error in broken]
        print_json({"ok": not broken, "listener_rules": rules, "broken": said})
    else:
        for error in broken:
            print(f"{error.code}: {error.message}")
        if not broken:
            print(f"{rules} listener rules keep the infrastructure rules.")
    return Status.FOUND if broken else Status.FINE


@app.command
def plan(
    *,
    stage: int,
    current: int | None = None,
    route: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    stack: str = Choices().name,
    template: str = "deploy/aws/lambda-arm64.yaml",
    json: Json = False,
) -> None:
    """Print what changes at a stage of taking over, the command for it, and the way back.

    It changes nothing. Stages: 5, 10, 25, 50, 100 per cent of the requests, and 0, the way back.

    For example:

        passport-scorer deploy plan --stage 5 --route V2

    Args:
        stage: Per cent of the requests that are to come to this deployment.
        current: The stage now; by default the one before.
        route: V2, CeramicCache, InternalEmbed or Internal; by default all of them.
        stack: Name of the CloudFormation stack.
        template: The file that the stack was made from.
    """
    check_stage(stage)
    before = stage_before(stage) if current is None else current
    changed = changes(before=before, after=stage, names=route)
    gated = bool(stage) and any(change.route.gated for change in changed)
    command = update_command(stack, template, stage, changed)
    back = {
        earlier: update_command(stack, template, earlier, changed)
        for earlier in sorted({0, before} - {stage} if stage else ())
    }
    if json:
        print_json(
            {
                "changes": [_as_json(change) for change in changed],
                "open_gate_first": gated,
                "command": command,
                "back": [{"stage": at, "command": way} for at, way in back.items()],
            }
        )
        return
    print_table(_table(changed))
    if gated:
        print("\nFirst, where GateByHeader is on: set GateByHeader=off, and wait for it.")
    print(f"\nDo it:\n\n  {_indented(command)}")
    for earlier, way in back.items():
        print(f"\nBack to {earlier} per cent:\n\n  {_indented(way)}")


def _as_json(change: Change) -> dict[str, object]:
    route = change.route
    return {
        "rule": change.priority,
        "load_balancer": route.side.load_balancer,
        "paths": route.path,
        "parameter": route.stage,
        "weights_now": change.weights_before,
        "weights_then": change.weights_after,
    }


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _table(changed: list[Change]) -> Table:
    table = Table(title="Weights (old deployment : this one)", title_justify="left")
    for column in ("rule", "load balancer", "paths", "parameter"):
        table.add_column(column)
    table.add_column("now", justify="right", no_wrap=True)
    table.add_column("then", justify="right", no_wrap=True)
    for change in changed:
        route = change.route
        table.add_row(
            *(str(change.priority), route.side.load_balancer, route.path, route.stage),
            *(
                "{} : {}".format(*weights)
                for weights in (change.weights_before, change.weights_after)
            ),
        )
    return table


def _load(file: Path) -> Mapping[str, Any]:
    """Read a template, with functions in their long form.

    Raises:
        TemplateFileProblem: it can't be read.
    """
    cfn_flip = import_from_extra("cfn_flip", "deploy")
    try:
        loaded, _ = cfn_flip.load(file.read_text())
    except OSError as error:
        raise TemplateFileProblem(f"{file}: {error.strerror}.") from None
    except Exception as error:  # noqa: BLE001  YAML and JSON parsers have no error in common
        line = " ".join(str(error).split())
        raise TemplateFileProblem(f"{file}: neither YAML nor JSON: {line}") from None
    if not isinstance(loaded, Mapping):
        raise TemplateFileProblem(f"{file}: not a template.")
    return loaded


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text)
    except OSError as error:
        raise TemplateFileProblem(f"{output}: {error.strerror}.") from None
    print(f"Wrote {output}.", file=sys.stderr)
