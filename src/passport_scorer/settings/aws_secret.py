"""Environment variables from a secret of AWS Secrets Manager.

Source: docs/rules/deployment.md, "Configuration".
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping

import msgspec

from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.extras import how_to_install

VARIABLE = "SCORER_SERVER_SSM_ARN"
SECONDS = 2  # for connecting, and for a response; a sandbox has to start within ten
TRIES = 2

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SecretUnusable(PassportScorerError):
    """The secret can't be read, or is malformed. The message never contains any of it."""

    code = "secret_unusable"


def take_secret(environ: MutableMapping[str, str]) -> None:
    """Set a variable for each entry of the secret, if one is named; they replace others.

    Args:
        environ: the environment to change.

    Raises:
        SecretUnusable: the secret can't be read; the message is one line that names the variable.
    """
    if secret := environ.get(VARIABLE, "").strip():
        environ.update(entries(_text_of(secret)))


def entries(text: str | bytes) -> dict[str, str]:
    """Return the variables in the text of a secret: variable -> value.

    A value that is not a string becomes its JSON, so that a list can be a list; null is left out.

    Raises:
        SecretUnusable: the text is not a JSON object, or an entry can't be a variable.
    """
    try:
        found = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        values = {name: _value(raw) for name, raw in found.items()}
    except (msgspec.MsgspecError, UnicodeError):
        raise SecretUnusable(f"{VARIABLE}: the secret is not a JSON object.") from None
    for name, value in values.items():
        if not _NAME.fullmatch(name) or "\0" in (value or ""):
            raise SecretUnusable(f"{VARIABLE}: an entry of the secret can't be a variable.")
    return {name: value for name, value in values.items() if value is not None}


def _value(raw: msgspec.Raw) -> str | None:
    value = msgspec.json.decode(raw)
    return value if value is None or isinstance(value, str) else bytes(raw).decode()


def _text_of(secret: str) -> str | bytes:
    try:
        # Not a dependency of services that keep no variables there, and slow to import.
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise SecretUnusable(how_to_install("aws", VARIABLE)) from None
    options = Config(
        connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": TRIES}
    )
    try:
        client = botocore.session.get_session().create_client(
            "secretsmanager", region_name=_region(secret), config=options
        )
        answer = client.get_secret_value(SecretId=secret)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error")
        raise SecretUnusable(f"{VARIABLE}: Secrets Manager answered {_word(code)}.") from None
    except (BotoCoreError, ValueError) as error:
        raise SecretUnusable(
            f"{VARIABLE}: Secrets Manager can't be reached: {type(error).__name__}."
        ) from None
    found: str | bytes = answer.get("SecretString") or answer.get("SecretBinary") or ""
    return found


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text)[:60] or "an error"


def _region(secret: str) -> str | None:
    """Return the region of an ARN: `arn:aws:secretsmanager:region:account:secret:…`."""
    parts = secret.split(":")
    return parts[3] if len(parts) > 6 and parts[0] == "arn" else None
