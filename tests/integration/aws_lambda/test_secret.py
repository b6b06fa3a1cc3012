"""Variables from a secret, read with AWS's library over its real protocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from passport_scorer.settings.aws_secret import SecretUnusable, entries, take_secret

from .amazon import SecretsManager

VARIABLE = "SCORER_SERVER_SSM_ARN"


def test_entries_become_variables(secrets_manager: SecretsManager) -> None:
    """Entries replace variables; values that are not text become JSON; the request is signed."""
    secrets_manager.text = json.dumps(
        {"A": "text", "LIST": ["a", "b"], "NUMBER": 1, "SWITCH": True, "NONE": None, "OLD": "new"}
    )
    environment = {VARIABLE: SecretsManager.ARN, "OLD": "old", "OTHER": "stays"}
    take_secret(environment)
    assert environment == {
        VARIABLE: SecretsManager.ARN,
        "A": "text",
        "LIST": '["a", "b"]',
        "NUMBER": "1",
        "SWITCH": "true",
        "OLD": "new",
        "OTHER": "stays",
    }
    assert len(secrets_manager.signatures) == 1


def test_nothing_is_asked_without_the_variable(secrets_manager: SecretsManager) -> None:
    """Without the name of a secret, the variables stay as they are."""
    for environment in ({}, {VARIABLE: " "}):
        before = dict(environment)
        take_secret(environment)
        assert environment == before
    assert not secrets_manager.asked


@pytest.mark.parametrize(
    "text",
    [
        "very-secret",
        "",
        '["very-secret"]',
        '"very-secret"',
        '{"A": "very-secret"',
        '{"A=B": "very-secret"}',
        '{"": "very-secret"}',
        '{"A": "very\\u0000-secret"}',
        '{"very-secret\\n": "x"}',
    ],
)
def test_an_unusable_secret(text: str) -> None:
    """A secret that can't become variables is refused in one line that shows none of its text."""
    with pytest.raises(SecretUnusable) as refused:
        entries(text)
    assert VARIABLE in refused.value.message
    assert "very" not in refused.value.message
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    "failing", [(400, "AccessDeniedException"), (400, "ResourceNotFoundException"), (500, "Odd")]
)
def test_what_secrets_manager_refuses(
    secrets_manager: SecretsManager, failing: tuple[int, str]
) -> None:
    """An error of AWS is named by its code; failures on its side are retried."""
    secrets_manager.failing = failing
    with pytest.raises(SecretUnusable) as refused:
        take_secret({VARIABLE: SecretsManager.ARN})
    assert failing[1] in refused.value.message
    assert secrets_manager.asked == (2 if failing[0] == 500 else 1)


def test_without_credentials(
    secrets_manager: SecretsManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without the permission gets an error that says so."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(SecretUnusable, match="NoCredentials"):
        take_secret({VARIABLE: SecretsManager.ARN})


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command, with the variables of AWS's library and these."""
    passed_on = ("PATH", "PYTHONPATH", "HOME")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in passed_on or name.startswith("AWS_")
    }
    return subprocess.run(
        [sys.executable, "-m", "passport_scorer.cli", *arguments],
        capture_output=True,
        check=False,
        env={**kept, **settings},
        text=True,
    )


def test_commands_take_the_secret(secrets_manager: SecretsManager) -> None:
    """The secret is taken before anything is read; help needs none."""
    secrets_manager.text = json.dumps({"ENVIRONMENT": "from-the-secret", "PORT": 8765})
    named = {VARIABLE: SecretsManager.ARN, "PORT": "1"}
    shown = json.loads(run("config", "--json", **named).stdout)
    values = {setting["variable"]: setting["value"] for setting in shown}
    assert (values["ENVIRONMENT"], values["PORT"]) == ("from-the-secret", "8765")
    asked = secrets_manager.asked
    assert run("--help", **named).returncode == 0
    assert secrets_manager.asked == asked


def test_a_start_that_fails_says_nothing_of_the_secret(secrets_manager: SecretsManager) -> None:
    """A secret that can't be used stops the start with one line."""
    secrets_manager.text = '{"DATABASE_URL": "very-secret"'
    done = run("serve", "--port", "0", **{VARIABLE: SecretsManager.ARN})
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert VARIABLE in line
    assert "very-secret" not in line
    secrets_manager.text = '{"TRUSTED_IAM_ISSUERS": "very-secret"}'
    done = run("serve", "--port", "0", **{VARIABLE: SecretsManager.ARN})
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "TRUSTED_IAM_ISSUERS" in line
    assert "very-secret" not in line
