"""`passport-scorer config`: every setting, where it comes from, and nothing secret."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
import pytest

from passport_scorer.cli.configuration import config
from passport_scorer.settings.display import HIDDEN
from passport_scorer.settings.help import HELP
from passport_scorer.settings.model import Settings, variables
from passport_scorer.settings.report import EffectiveSetting, effective_settings
from passport_scorer.settings.variables import InvalidSetting

SECRET = "hush-hush"
SECRETS = {
    "DATABASE_URL": f"postgresql://me:{SECRET}@db.example:5432/scorer?password={SECRET}",
    "RDS_PROXY_URL": f"postgresql://me:{SECRET}@db.example:5432/scorer",
    "JWT_SECRET": SECRET,
    "SECRET_KEY": SECRET,
    "CGRANTS_API_TOKEN": SECRET,
    "DEMO_API_KEY": f"demo.{SECRET}",
    "DEMO_API_KEY_ALIASES": f'["{SECRET}"]',
    "ETHEREUM_RPC_URL": f"https://user:{SECRET}@node.example/{SECRET}?key={SECRET}",
    "PASSPORT_PUBLIC_URL": f"https://user:{SECRET}@files.example/{SECRET}?key={SECRET}",
    "RATE_LIMIT_REDIS_URL": f"rediss://user:{SECRET}@redis.example:6380/0?password={SECRET}",
    "OTEL_EXPORTER_OTLP_ENDPOINT": f"https://user:{SECRET}@collector.example/{SECRET}",
}


def effective(**environ: str) -> dict[str, EffectiveSetting]:
    """Variable -> its setting as it is in effect."""
    return {setting.variable: setting for setting in effective_settings(environ)}


@pytest.mark.parametrize(("variable", "text"), SECRETS.items(), ids=list(SECRETS))
def test_secrets_are_hidden(variable: str, text: str) -> None:
    """Nothing of a secret is shown; of a URL, the place."""
    setting = effective(**{variable: text})[variable]
    assert setting.source == "environment"
    assert SECRET not in setting.value
    assert (urlsplit(text).hostname or HIDDEN) in setting.value


def test_secrets_of_several_nodes_are_hidden() -> None:
    """Of the URL of each chain, the place is shown."""
    url = f"https://user:{SECRET}@node.example/{SECRET}?key={SECRET}"
    text = f'{{"10": "{url}", "8453": "https://base.example:81/{SECRET}"}}'
    value = effective(ETHEREUM_RPC_URLS=text)["ETHEREUM_RPC_URLS"].value
    assert value == '{"10":"https://node.example/…","8453":"https://base.example:81/…"}'


def test_the_source_of_a_value_is_shown() -> None:
    """Set values come from the environment, all others are defaults."""
    settings = effective(DATABASE_POOL_SIZE="7", ENVIRONMENT="staging")
    assert settings["DATABASE_POOL_SIZE"].value == "7"
    assert {name for name, setting in settings.items() if setting.source == "environment"} == {
        "DATABASE_POOL_SIZE",
        "ENVIRONMENT",
    }


def test_the_variable_that_counts_is_named() -> None:
    """Where several variables can set a value, the one that does is shown."""
    assert "RDS_PROXY_URL" in effective(RDS_PROXY_URL="postgresql:///scorer")
    both = effective(RDS_PROXY_URL="postgresql:///a", DATABASE_URL="postgresql:///b")
    assert both["DATABASE_URL"].value == "postgresql:///b"
    assert "RDS_PROXY_URL" not in both


def test_values_are_shown_as_they_are_written() -> None:
    """The shown text of a value that isn't secret can be set again."""
    given = {
        "TRUSTED_IAM_ISSUERS": '["did:ethr:0x018d103c154748e8d5a1d7658185125175457f84"]',
        "FF_API_ANALYTICS": "off",
        "OTEL_TRACE_SAMPLING_RATE": "0.5",
        "ROUTING_HEADER": "X-Use-Rust-Scorer",
    }
    settings = effective(**given)
    assert {name: settings[name].value for name in given} == given


def test_every_setting_has_a_variable_and_a_help_text() -> None:
    """A field of the settings can't be forgotten in the table, and none is listed twice."""
    assert list(variables()) == list(Settings.__struct_fields__)
    names = [name for variable in variables().values() for name in variable.names]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[A-Z][A-Z0-9_]+", name) for name in names)
    assert list(HELP) == list(Settings.__struct_fields__)
    assert all(help_text.description.endswith(".") for help_text in HELP.values())


@pytest.fixture
def shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs the command in an environment, and returns what it prints."""

    def show(*, json: bool = False, **environ: str) -> str:
        for variable in variables().values():
            for name in variable.names:
                monkeypatch.delenv(name, raising=False)
        for name, text in environ.items():
            monkeypatch.setenv(name, text)
        monkeypatch.setenv("COLUMNS", "200")
        config(json=json)
        return capsys.readouterr().out

    return show


def test_the_table_has_every_variable(shown: Callable[..., str]) -> None:
    """The command prints a line for each setting, and no secret."""
    output = shown(**SECRETS)
    assert SECRET not in output
    for variable in variables().values():
        assert any(name in output for name in variable.names)


def test_machines_get_json(shown: Callable[..., str]) -> None:
    """`--json` is a list of the same."""
    listed = msgspec.json.decode(
        shown(json=True, ENVIRONMENT="staging"), type=list[EffectiveSetting]
    )
    assert (
        EffectiveSetting("ENVIRONMENT", "staging", "environment", HELP["environment"].description)
        in listed
    )


def test_a_malformed_variable_is_told(shown: Callable[..., str]) -> None:
    """The command fails as the service would."""
    with pytest.raises(InvalidSetting, match=r"^PORT: expected a whole number"):
        shown(PORT=SECRET)
