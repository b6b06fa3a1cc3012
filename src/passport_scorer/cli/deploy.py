"""`passport-scorer deploy …`: AWS templates, and shifting traffic in stages."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter
from rich.table import Table

from passport_scorer.cli.errors import Status
from passport_scorer.cli.output import Json, print_json, print_table
from passport_scorer.extras import require
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
    help="Generate and check AWS templates, and plan shifting traffic between deployments.",
)


@app.command
def template(
    *,
    arch: Literal["arm64", "x86_64"] = "arm64",
    name: str = Choices().name,
    routing_header: str = Choices().routing_header,
    output: Path | None = None,
) -> None:
    """Print the CloudFormation template after checking it against the infrastructure rules.

    Templates with the default name are in deploy/aws. Requires
    pip install 'passport-scorer[deploy]'.

    For example:

        passport-scorer deploy template --arch x86_64 --output scorer.yaml

    Args:
        arch: Architecture of the function.
        name: Name of the deployment, the prefix of resource names in the account.
        routing_header: Requests with this header and the value true are routed to this deployment.
        output: File to write to instead of standard output.
    """
    require("deploy", "passport-scorer deploy")
    from passport_scorer.tools.aws.template.build import template_text

    text = template_text(Choices(name=name, architecture=arch, routing_header=routing_header))
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
    """Check any CloudFormation template against the infrastructure rules.

    Prints one line per violation, with the names of the resources. A listener that is a parameter
    of the template counts as a separate load balancer. Exit status: 0 without violations, 1
    otherwise. Requires pip install 'passport-scorer[deploy]'.

    For example:

        passport-scorer deploy check deploy/aws/lambda-arm64.yaml

    Args:
        file: The template, YAML or JSON.
        internal_listener: Names of listeners, or of parameters with their ARNs, that are reachable
            only from the private network; all others count as public.
    """
    infrastructure = read_infrastructure(_load(file), internal_listener)
    broken = list(violations(infrastructure))
    rules = len(infrastructure.rules)
    if json:
        listed = [{"code": error.code, "message": error.message} for error in broken]
        print_json({"ok": not broken, "listener_rules": rules, "broken": listed})
    else:
        for error in broken:
            print(f"{error.code}: {error.message}")
        if not broken:
            print(f"No violations in {rules} listener rules.")
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
    """Print the changes for a stage of the migration, and the commands to deploy and roll back.

    Changes nothing itself. Stages: 5, 10, 25, 50 and 100 percent of the requests, and 0 to roll
    back.

    For example:

        passport-scorer deploy plan --stage 5 --route V2

    Args:
        stage: Percentage of the requests to route to this deployment.
        current: The current stage. Default: the preceding one.
        route: V2, CeramicCache, InternalEmbed or Internal. Can be repeated. Default: all.
        stack: Name of the CloudFormation stack.
        template: Template file of the stack.
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
        listed = [_as_json(change) for change in changed]
        ways = [{"stage": at, "command": way} for at, way in back.items()]
        print_json({"changes": listed, "open_gate_first": gated, "command": command, "back": ways})
        return
    print_table(_table(changed))
    _print_steps(gated=gated, command=command, back=back)


def _print_steps(*, gated: bool, command: str, back: Mapping[int, str]) -> None:
    if gated:
        print("\nIf GateByHeader is on, first set GateByHeader=off and wait for the update.")
    print(f"\nDeploy:\n\n  {_indented(command)}")
    for earlier, way in back.items():
        print(f"\nRoll back to {earlier} percent:\n\n  {_indented(way)}")


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
    table = Table(title="Weights (old deployment : this deployment)", title_justify="left")
    for column in ("rule", "load balancer", "paths", "parameter"):
        table.add_column(column)
    table.add_column("before", justify="right", no_wrap=True)
    table.add_column("after", justify="right", no_wrap=True)
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
    """Load a template with its functions in long form.

    Raises:
        TemplateFileProblem: the file cannot be read or parsed.
    """
    require("deploy", "passport-scorer deploy")
    import cfn_flip

    try:
        loaded, _ = cfn_flip.load(file.read_text())
    except OSError as error:
        raise TemplateFileProblem(f"{file}: {error.strerror}.") from None
    except Exception as error:  # noqa: BLE001  the parsers have no common base class for errors
        line = " ".join(str(error).split())
        raise TemplateFileProblem(f"{file}: not valid YAML or JSON: {line}") from None
    if not isinstance(loaded, Mapping):
        raise TemplateFileProblem(f"{file}: not a CloudFormation template.")
    return loaded


def _write(output: Path, text: str) -> None:
    try:
        output.write_text(text)
    except OSError as error:
        raise TemplateFileProblem(f"{output}: {error.strerror}.") from None
    print(f"Wrote {output}.", file=sys.stderr)
