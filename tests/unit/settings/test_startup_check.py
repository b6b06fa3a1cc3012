"""The requirements on well-formed settings: all violations are reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from passport_scorer.settings.startup_check import read_serving_settings
from passport_scorer.settings.variables import InvalidSetting
from passport_scorer.telemetry.trace_variables import VARIABLES

SECRET = "hush-hush"
SERVING = {"TRUSTED_IAM_ISSUERS": "[]"}
TRACED = {**SERVING, "OTEL_ENABLED": "on"}


def problems(environ: Mapping[str, str], *, traced: bool = False) -> list[str]:
    """The lines with which settings are refused; none if they are not."""
    try:
        read_serving_settings(environ, traced=traced)
    except InvalidSetting as refused:
        lines = refused.message.splitlines()
    else:
        lines = []
    assert SECRET not in str(lines)
    return lines


def pem_of(key: rsa.RSAPrivateKey) -> dict[str, str]:
    """The two variables of a key."""
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "SIWE_JWT_PRIVATE_KEY": private.decode(),
        "SIWE_JWT_PUBLIC_KEY": public.decode(),
    }


@pytest.mark.parametrize("unset", [{}, {"TRUSTED_IAM_ISSUERS": " "}])
def test_issuers_must_be_named(unset: dict[str, str]) -> None:
    """Without issuers nothing is served; an explicit empty list is an answer."""
    (line,) = problems(unset)
    assert line.startswith("TRUSTED_IAM_ISSUERS: is missing")
    assert problems(SERVING) == []


def test_keys_of_access_tokens_belong_together() -> None:
    """The public key must verify signatures of the private key."""
    keys = [
        pem_of(rsa.generate_private_key(public_exponent=65537, key_size=2048)) for _ in range(2)
    ]
    assert problems({**SERVING, **keys[0]}) == []
    mixed = {**keys[0], "SIWE_JWT_PRIVATE_KEY": keys[1]["SIWE_JWT_PRIVATE_KEY"]}
    (line,) = problems({**SERVING, **mixed})
    assert line.startswith("SIWE_JWT_PRIVATE_KEY: expected")
    for name in mixed:
        assert problems({**SERVING, name: mixed[name]}) == []


MALFORMED = {
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "-1",
    "OTEL_BSP_SCHEDULE_DELAY": "x",
    "OTEL_BSP_EXPORT_TIMEOUT": "0",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "abc",
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "nan",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "zip",
    "OTEL_EXPORTER_OTLP_HEADERS": f"Authorization: {SECRET}",
    "OTEL_EXPORTER_OTLP_TRACES_HEADERS": f"authorization={SECRET}%0Ax",
    "OTEL_EXPORTER_OTLP_CERTIFICATE": f"/{SECRET}/missing",
    "OTEL_EXPORTER_OTLP_CLIENT_KEY": f"/{SECRET}/missing",
    "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": f"{SECRET}\0",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"grpc://{SECRET}",
    "OTEL_RESOURCE_ATTRIBUTES": f"{SECRET},b=c",
}


@pytest.mark.parametrize(("variable", "text"), MALFORMED.items(), ids=MALFORMED)
def test_a_malformed_variable_of_opentelemetry(variable: str, text: str) -> None:
    """It is refused where there are traces, in one line without its value."""
    (line,) = problems({**TRACED, variable: text})
    assert line.startswith(f"{variable}: expected ")
    assert problems({**SERVING, variable: text}) == []
    assert problems({**SERVING, variable: text}, traced=True) == [line]
    assert problems({**SERVING, "OTEL_ENABLED": "off", variable: text}, traced=True) == []


def test_good_variables_of_opentelemetry(tmp_path: Path) -> None:
    """Values that the exporter understands pass, and so do empty ones."""
    key = tmp_path / "key.pem"
    key.touch()
    good = {
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "0",
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "2.5",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "GZIP",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20abc=, x-tenant = a b",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": str(tmp_path),
        "OTEL_EXPORTER_OTLP_CLIENT_KEY": str(key),
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://collector.example:4318/v1/traces",
        "OTEL_RESOURCE_ATTRIBUTES": "service.namespace=a,team=b%20c,",
    }
    assert problems({**TRACED, **good}) == []
    assert problems({**TRACED, **dict.fromkeys(VARIABLES, "")}) == []
    assert problems({**TRACED, "OTEL_EXPORTER_OTLP_CERTIFICATE": str(key)}) != []


def test_everything_is_reported_at_once() -> None:
    """Malformed, missing and contradicting variables are lines of one error."""
    lines = problems({"PORT": SECRET, "OTEL_ENABLED": "on", **MALFORMED})
    named = [line.partition(":")[0] for line in lines]
    assert named[:2] == ["PORT", "TRUSTED_IAM_ISSUERS"]
    assert set(named[2:]) == MALFORMED.keys()
