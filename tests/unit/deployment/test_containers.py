"""The Containerfile, the Kubernetes manifests, the compose file and the systemd unit.

Their ports, probes and times must match the service's.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cyclopts import App

from passport_scorer.api.operations.health import HEALTH
from passport_scorer.cli.serve import serve
from passport_scorer.server.shutdown import GRACE
from passport_scorer.settings.environment import read_settings
from passport_scorer.settings.model import Settings
from passport_scorer.settings.startup_check import read_serving_settings
from passport_scorer.settings.variables import InvalidSetting

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
CONTAINERFILE = DEPLOY / "container" / "Containerfile"
MANIFESTS = sorted(
    file for file in (DEPLOY / "kubernetes").glob("*.yaml") if file.name != "kustomization.yaml"
)
UNIT = (DEPLOY / "systemd" / "passport-scorer.service").read_text()
COMPOSE: dict[str, Any] = yaml.load(
    (DEPLOY / "compose" / "compose.yaml").read_text(), yaml.CSafeLoader
)
OLDEST_KUBERNETES = "1.30"
PATHS = {endpoint.path for endpoint in HEALTH}
PUBLIC_PORT, INTERNAL_PORT = 8000, 8001
FLUSH = 10  # seconds for usage analytics, traces and connections at the very end
SECRETS = ("_KEY", "_TOKEN", "_SECRET", "PASSWORD", "DATABASE_URL", "REDIS_URL")


def documents() -> list[dict[str, Any]]:
    """All manifests."""
    return [
        document
        for file in MANIFESTS
        for document in yaml.load_all(file.read_text(), yaml.CSafeLoader)
    ]


def manifest(kind: str, name: str = "passport-scorer") -> dict[str, Any]:
    """Return the manifest of a kind with a name."""
    (found,) = (
        document
        for document in documents()
        if document["kind"] == kind and document["metadata"]["name"] == name
    )
    return found


def pod() -> dict[str, Any]:
    """Return the pod specification of the Deployment."""
    specification: dict[str, Any] = manifest("Deployment")["spec"]["template"]["spec"]
    return specification


def container() -> dict[str, Any]:
    """Return the only container of a pod."""
    (found,) = pod()["containers"]
    return found  # type: ignore[no-any-return]


def arguments_are_understood(arguments: list[str]) -> dict[str, Any]:
    """Parse the arguments of `serve`; fails for unknown ones."""
    app = App(name="passport-scorer")
    app.command(serve)
    _, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    return dict(bound.arguments)


# The Containerfile


def instructions() -> list[tuple[str, str]]:
    """Return its instructions with their arguments."""
    text = "\n".join(
        line for line in CONTAINERFILE.read_text().splitlines() if not line.lstrip().startswith("#")
    )
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def test_hadolint_finds_nothing() -> None:
    """hadolint finds no problem in the Containerfile."""
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, "--no-color", CONTAINERFILE], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_image_runs_as_nobody() -> None:
    """The last USER is numeric, so that Kubernetes can verify that it is not root."""
    users = [about for name, about in instructions() if name == "USER"]
    assert users == ["65532:65532"]


def test_the_image_is_made_of_pinned_parts() -> None:
    """No latest tag, no downloads by URL, packages only as wheels pinned by hash."""
    found = instructions()
    names = [name for name, _ in found]
    assert "ADD" not in names
    assert names.count("FROM") == 2
    (base,) = (about for name, about in found if name == "ARG")
    assert re.fullmatch(r"PYTHON=docker\.io/library/python:\d+\.\d+-slim-\w+", base)
    installs = [
        step
        for name, about in found
        if name == "RUN"
        for step in about.split(" && ")
        if "pip" in step and " install " in step
    ]
    assert len(installs) == 3
    for step in installs:
        assert "--no-index" in step or "--require-hashes --only-binary :all:" in step


def test_the_image_has_only_what_it_needs() -> None:
    """The last stage copies nothing from the build context, which contains nothing unneeded."""
    last = instructions()[[name for name, _ in instructions()].index("FROM") + 1 :]
    last = last[[name for name, _ in last].index("FROM") + 1 :]
    assert [about for name, about in last if name == "COPY"] == [
        "--from=build /opt/passport-scorer /opt/passport-scorer"
    ]
    ignored = [
        line
        for line in (ROOT / ".containerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert ignored[0] == "*"
    copied = {
        part.rstrip("/")
        for name, about in instructions()
        if name == "COPY" and "--from" not in about
        for part in about.split()[:-1]
    }
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".containerignore").read_text()


def test_the_image_serves() -> None:
    """The command of the image is valid and listens on all interfaces."""
    by_name = dict(instructions())
    assert by_name["ENTRYPOINT"] == '["passport-scorer"]'
    told = arguments_are_understood(yaml.safe_load(by_name["CMD"]))
    assert told["host"] == "0.0.0.0"
    assert "internal_port" not in told
    assert by_name["EXPOSE"] == f"{PUBLIC_PORT} {INTERNAL_PORT}"
    assert "/health'" in by_name["HEALTHCHECK"]


# Kubernetes


@pytest.mark.parametrize("file", MANIFESTS, ids=lambda file: file.name)
def test_manifests_have_the_shape_of_their_kind(file: Path) -> None:
    """Each manifest is valid for the oldest supported Kubernetes and the newest known one."""
    for document in yaml.load_all(file.read_text(), yaml.CSafeLoader):
        for version in (OLDEST_KUBERNETES, kubernetes_validate.latest_version()):
            kubernetes_validate.validate(document, version, strict=True)


def test_all_manifests_are_applied() -> None:
    """The kustomization names each manifest, and nothing else."""
    kustomization = yaml.load(
        (DEPLOY / "kubernetes" / "kustomization.yaml").read_text(), yaml.CSafeLoader
    )
    assert set(kustomization["resources"]) == {file.name for file in MANIFESTS}


def test_ports() -> None:
    """Listeners, container ports, services and network policy use the same two ports."""
    told = arguments_are_understood(container()["args"])
    assert (told["port"], told["internal_port"]) == (PUBLIC_PORT, INTERNAL_PORT)
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    assert ports == {"public": PUBLIC_PORT, "internal": INTERNAL_PORT}
    for name, target in (("passport-scorer", "public"), ("passport-scorer-internal", "internal")):
        service = manifest("Service", name)["spec"]
        assert [port["targetPort"] for port in service["ports"]] == [target]
        assert service.get("type", "ClusterIP") == "ClusterIP"


def test_the_internal_port_stays_inside() -> None:
    """The public port is open to all, the internal one only to selected pods."""
    rules = manifest("NetworkPolicy")["spec"]["ingress"]
    sources = {port["port"]: rule.get("from") for rule in rules for port in rule["ports"]}
    assert sources[PUBLIC_PORT] is None
    assert len(sources[INTERNAL_PORT]) == 2
    assert all(
        peer["namespaceSelector"]["matchLabels"] and peer["podSelector"]["matchLabels"]
        for peer in sources[INTERNAL_PORT]
    )


def test_probes() -> None:
    """Only the readiness probe checks the database: restarting pods would not fix it."""
    probes = {
        name: container()[f"{name}Probe"]["httpGet"]
        for name in ("startup", "liveness", "readiness")
    }
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startup": "/health",
        "liveness": "/health",
        "readiness": "/health/ready",
    }
    assert {probe["path"] for probe in probes.values()} <= PATHS
    assert {probe["port"] for probe in probes.values()} == {"public"}


def test_pods_have_the_time_to_finish() -> None:
    """The grace period covers the shutdown delay, requests in flight and the last traces."""
    delay = read_settings(manifest("ConfigMap")["data"]).shutdown_delay
    assert pod()["terminationGracePeriodSeconds"] >= delay + GRACE + FLUSH
    assert "lifecycle" not in container()  # a pause of its own would come on top


def test_pods_may_do_little() -> None:
    """No root, no privileges, writes only to /tmp, limited memory."""
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert pod()["securityContext"]["runAsUser"] == 65532
    assert pod()["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod()["automountServiceAccountToken"] is False
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["mountPath"] for mount in container()["volumeMounts"]} == {"/tmp"}
    assert container()["resources"]["limits"]["memory"]
    assert set(container()["resources"]["requests"]) == {"cpu", "memory"}


def test_issuers_are_left_to_the_operator() -> None:
    """Every example requires trusted issuers to be set before the service starts."""
    example = (DEPLOY / "compose" / "scorer.env.example").read_text()
    given = dict(
        line.split("=", 1) for line in example.splitlines() if line and not line.startswith("#")
    )
    for settings in (manifest("ConfigMap")["data"], given):
        with pytest.raises(InvalidSetting, match="TRUSTED_IAM_ISSUERS: is missing"):
            read_serving_settings(settings)
        read_serving_settings({**settings, "TRUSTED_IAM_ISSUERS": "[]"})


def test_selectors_select_the_pods() -> None:
    """Services, budget, autoscaler and network policy select the Deployment's pods."""
    labels = manifest("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert manifest("Deployment")["spec"]["selector"]["matchLabels"] == labels
    assert manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert manifest("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    for name in ("passport-scorer", "passport-scorer-internal"):
        assert manifest("Service", name)["spec"]["selector"] == labels
    assert manifest("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["kind"] == "Deployment"
    assert "replicas" not in manifest("Deployment")["spec"]


def test_no_secrets_in_manifests() -> None:
    """Manifests refer to secrets; none contains one, not even as an example."""
    assert "Secret" not in {document["kind"] for document in documents()}
    assert {"secretRef": {"name": "passport-scorer"}} in container()["envFrom"]
    names = manifest("ConfigMap")["data"]
    assert not [name for name in names if any(part in name for part in SECRETS)]


# Compose


def test_compose_publishes_the_public_port_alone() -> None:
    """Databases and the internal listener are reachable for the neighbors only."""
    published = {
        name: service["ports"]
        for name, service in COMPOSE["services"].items()
        if "ports" in service
    }
    assert published == {"scorer": [f"127.0.0.1:{PUBLIC_PORT}:{PUBLIC_PORT}"]}
    assert COMPOSE["networks"]["private"] == {"internal": True}
    assert COMPOSE["services"]["database"]["networks"] == ["private"]
    assert COMPOSE["services"]["redis"]["networks"] == ["private"]


def test_compose_starts_in_order() -> None:
    """Tables are created once the database is healthy, and the service starts after that."""
    assert COMPOSE["services"]["tables"]["depends_on"] == {
        "database": {"condition": "service_healthy"}
    }
    assert COMPOSE["services"]["scorer"]["depends_on"]["tables"] == {
        "condition": "service_completed_successfully"
    }
    for name in ("database", "redis"):
        assert COMPOSE["services"][name]["healthcheck"]["test"]


def test_compose_is_hardened_and_gives_time() -> None:
    """The service has a read-only file system, no capabilities, and its full grace period."""
    scorer = COMPOSE["services"]["scorer"]
    assert (scorer["read_only"], scorer["cap_drop"], scorer["tmpfs"]) == (True, ["ALL"], ["/tmp"])
    delay = Settings().shutdown_delay
    assert int(scorer["stop_grace_period"].removesuffix("s")) >= delay + GRACE + FLUSH
    arguments_are_understood(scorer["command"])


def test_compose_has_no_passwords() -> None:
    """Committed environment files are examples without secrets."""
    for name, service in COMPOSE["services"].items():
        assert "environment" not in service, name
    for example in (DEPLOY / "compose").glob("*.env.example"):
        for line in example.read_text().splitlines():
            if line.startswith(("POSTGRES_PASSWORD", "CGRANTS_API_TOKEN")):
                assert line.endswith("=")
    assert "deploy/compose/*.env" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize(
    "image",
    [
        service["image"]
        for name, service in COMPOSE["services"].items()
        if name in {"database", "redis"}
    ],
)
def test_compose_images_have_versions(image: str) -> None:
    """No image has a floating tag."""
    assert re.fullmatch(r"docker\.io/library/\w+:\d+-alpine", image)


# systemd


def test_the_unit_serves_and_gives_time() -> None:
    """The command of the unit is valid, and its stop timeout covers delay and grace period."""
    (command,) = re.findall(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)
    told = arguments_are_understood(command.split()[1:])
    assert (told["host"], told["internal_host"]) == ("127.0.0.1", "127.0.0.1")
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    assert int(seconds) >= Settings().shutdown_delay + GRACE + FLUSH


@pytest.mark.parametrize(
    "line",
    [
        "DynamicUser=yes",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "PrivateTmp=yes",
        "KillMode=mixed",
    ],
)
def test_the_unit_is_hardened(line: str) -> None:
    """The service has no privileges, and only the parent process receives the stop signal."""
    assert line in UNIT.splitlines()
