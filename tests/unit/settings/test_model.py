"""Settings are read once and refused with one line that names the variable."""

import re
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any, get_type_hints

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from passport_scorer.cli.__main__ import main
from passport_scorer.db.url import InvalidDatabaseLocation
from passport_scorer.settings.environment import read_settings
from passport_scorer.settings.model import Settings, variables
from passport_scorer.settings.variables import InvalidSetting

SECRET = "hush-hush"
ETHR = "did:ethr:0x018d103c154748e8d5a1d7658185125175457f84"
CHECKSUMMED = "did:ethr:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # the first one of EIP-55
KEY = "did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw"
X25519 = "did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"
_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_KEY = (
    _KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
)
PRIVATE_KEY = _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("setting", "closed"),
    [
        ("jwt_secret", None),
        ("siwe_jwt_public_key", None),
        ("siwe_jwt_private_key", None),
        ("siwe_allowed_domains", frozenset()),
        ("ethereum_rpc_url", None),
        ("ethereum_rpc_urls", {}),
        ("trusted_iam_issuers", frozenset()),
        ("demo_api_key", None),
        ("demo_api_key_aliases", frozenset()),
        ("demo_api_scorer_id", None),
        ("cgrants_api_token", None),
        ("internal_on_public_listener", False),
        ("multi_nullifier", True),
        ("rate_limits_enabled", True),
        ("human_points_enabled", False),
        ("human_points_write_enabled", False),
        ("human_points_mta_enabled", False),
    ],
)
def test_nothing_configured_is_closed(setting: str, closed: object) -> None:
    """By default no issuer is trusted, there is no demo, and no points are shown or awarded."""
    assert getattr(read_settings({}), setting) == closed


def test_defaults_are_the_same_without_an_environment() -> None:
    """Settings that are made without reading anything are as closed."""
    assert read_settings({}) == Settings()


@pytest.mark.parametrize("blank", ["", "  "])
def test_an_empty_variable_counts_as_unset(blank: str) -> None:
    """A variable that is set to blanks has its default."""
    assert read_settings(dict.fromkeys(GOOD_NAMES, blank)) == Settings()


GOOD = [
    ("DATABASE_URL", "postgresql:///scorer", "database_url", "postgresql:///scorer"),
    ("DATABASE_POOL_SIZE", "1", "database_pool_size", 1),
    ("DATABASE_POOL_SIZE", " 1000 ", "database_pool_size", 1000),
    ("DATABASE_PREPARED_STATEMENTS", "off", "database_prepared_statements", False),
    ("DATABASE_CONNECTION_MAX_AGE", "86400", "database_connection_max_age", 86_400),
    ("CERAMIC_CACHE_SCORER_ID", "335", "ceramic_cache_scorer_id", 335),
    ("CGRANTS_API_TOKEN", "a token", "cgrants_api_token", "a token"),
    ("SECRET_KEY", "a secret", "jwt_secret", "a secret"),
    ("JWT_SECRET", "a secret", "jwt_secret", "a secret"),
    ("SIWE_JWT_PUBLIC_KEY", PUBLIC_KEY, "siwe_jwt_public_key", PUBLIC_KEY),
    ("SIWE_JWT_PRIVATE_KEY", PRIVATE_KEY, "siwe_jwt_private_key", PRIVATE_KEY),
    (
        "SIWE_JWT_PUBLIC_KEY",
        b64encode(PUBLIC_KEY.encode()).decode(),
        "siwe_jwt_public_key",
        PUBLIC_KEY,
    ),
    ("SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE", '["a.example"]', "siwe_allowed_domains", {"a.example"}),
    (
        "SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE",
        '["localhost:3000", "[::1]:80"]',
        "siwe_allowed_domains",
        {"localhost:3000", "[::1]:80"},
    ),
    ("ETHEREUM_RPC_URL", "https://a.example/key", "ethereum_rpc_url", "https://a.example/key"),
    (
        "ETHEREUM_RPC_URLS",
        '{"1": "https://a.example/key", "8453": "http://b.example"}',
        "ethereum_rpc_urls",
        {1: "https://a.example/key", 8453: "http://b.example"},
    ),
    ("ETHEREUM_RPC_URLS", "{}", "ethereum_rpc_urls", {}),
    ("INTERNAL_ON_PUBLIC_LISTENER", "on", "internal_on_public_listener", True),
    ("ROUTING_HEADER", "X-Use-Rust-Scorer", "routing_header", "X-Use-Rust-Scorer"),
    ("TRUSTED_IAM_ISSUERS", f'["{ETHR}", "{KEY}"]', "trusted_iam_issuers", {ETHR, KEY}),
    ("TRUSTED_IAM_ISSUERS", f'["{CHECKSUMMED}"]', "trusted_iam_issuers", {CHECKSUMMED}),
    ("TRUSTED_IAM_ISSUERS", "[]", "trusted_iam_issuers", set()),
    ("DEMO_API_KEY", "demo.key", "demo_api_key", "demo.key"),
    ("DEMO_API_KEY_ALIASES", '["public"]', "demo_api_key_aliases", {"public"}),
    ("DEMO_API_SCORER_ID", "335", "demo_api_scorer_id", 335),
    ("DEMO_API_SCORER_ID", "9223372036854775807", "demo_api_scorer_id", 2**63 - 1),
    ("FF_MULTI_NULLIFIER", "off", "multi_nullifier", False),
    ("TRUST_REGISTERED_STAMPS", "off", "trust_registered_stamps", False),
    ("FF_API_ANALYTICS", "off", "api_analytics", False),
    ("RATE_LIMITS_ENABLED", "off", "rate_limits_enabled", False),
    ("HUMAN_POINTS_ENABLED", "true", "human_points_enabled", True),
    ("HUMAN_POINTS_WRITE_ENABLED", "1", "human_points_write_enabled", True),
    ("HUMAN_POINTS_MTA_ENABLED", "ON", "human_points_mta_enabled", True),
    ("HUMAN_POINTS_MTA_ENABLED", "False", "human_points_mta_enabled", False),
    (
        "HUMAN_POINTS_START_TIMESTAMP",
        "1772366400",
        "human_points_start",
        datetime(2026, 3, 1, 12, tzinfo=UTC),
    ),
    ("PASSPORT_PUBLIC_URL", "https://a.example/", "passport_public_url", "https://a.example/"),
    ("RATE_LIMIT_REDIS_URL", "redis://a", "rate_limit_redis_url", "redis://a"),
    ("RATE_LIMIT_REDIS_URL", "rediss://:p@a:1/0", "rate_limit_redis_url", "rediss://:p@a:1/0"),
    (
        "RATE_LIMIT_REDIS_URL",
        "rediss://a?db=3&ssl_cert_reqs=none",
        "rate_limit_redis_url",
        "rediss://a?db=3&ssl_cert_reqs=none",
    ),
    ("CACHE_MEMORY_MB", "0", "cache_memory", 0),
    ("MAX_STAMPS_PER_ADDRESS", "1", "max_stamps_per_address", 1),
    ("FAILED_CALLS_PER_MINUTE", "0", "failed_calls_per_minute", 0),
    ("ANONYMOUS_WRITES_PER_MINUTE", "7", "anonymous_writes_per_minute", 7),
    ("TRUSTED_PROXY_COUNT", "2", "trusted_proxies", 2),
    ("PORT", "9000", "port", 9000),
    ("ROOT_PATH", "/scorer", "root_path", "/scorer"),
    ("ROOT_PATH", "/api/v2/", "root_path", "/api/v2"),
    ("ROOT_PATH", "/", "root_path", ""),
    ("MAX_CONNECTIONS", "500", "max_connections", 500),
    ("MAX_REQUESTS_IN_FLIGHT", "50", "max_requests", 50),
    ("REQUEST_MEMORY_MB", "128", "request_memory", 128),
    ("RESPONSE_MEMORY_MB", "128", "response_memory", 128),
    ("SHUTDOWN_DELAY_SECONDS", "0", "shutdown_delay", 0),
    ("ENVIRONMENT", "production", "environment", "production"),
    ("LOG_LEVEL", "WARNING", "log_level", "warning"),
    ("OTEL_ENABLED", "on", "traces_enabled", True),
    ("OTEL_ENABLED", "off", "traces_enabled", False),
    ("OTEL_SERVICE_NAME", "scorer", "traces_service_name", "scorer"),
    ("OTEL_TRACE_SAMPLING_RATE", "0.25", "traces_sampling_rate", 0.25),
    ("OTEL_TRACE_SAMPLING_RATE", "1e-3", "traces_sampling_rate", 0.001),
    ("OTEL_TRACE_SAMPLING_RATE", "17", "traces_sampling_rate", 1.0),
    ("OTEL_TRACE_SAMPLING_RATE", "-1", "traces_sampling_rate", 0.0),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318", "traces_endpoint", "http://a:4318"),
    ("PASSPORT_SCORER_HOME", "/data", "home", "/data"),
]
GOOD_NAMES = [name for name, *_ in GOOD]


@pytest.mark.parametrize(("variable", "text", "setting", "value"), GOOD)
def test_a_variable_sets_its_setting_and_no_other(
    variable: str, text: str, setting: str, value: Any
) -> None:
    """A well-formed variable becomes its setting; everything else stays as it is by default."""
    assert read_settings({variable: text}) == msgspec.structs.replace(
        Settings(), **{setting: value}
    )


def test_rds_proxy_gets_no_prepared_statements() -> None:
    """Its address implies the mode for transaction poolers, unless that is set otherwise."""
    url = "postgresql:///scorer"
    expected = Settings(database_url=url, database_prepared_statements=False)
    assert read_settings({"RDS_PROXY_URL": url}) == expected
    told = {"RDS_PROXY_URL": url, "DATABASE_PREPARED_STATEMENTS": "on"}
    assert read_settings(told) == Settings(database_url=url)
    assert read_settings({"RDS_PROXY_URL": url, "DATABASE_URL": url}) == Settings(database_url=url)


MALFORMED = [
    ("DATABASE_POOL_SIZE", SECRET),
    ("DATABASE_POOL_SIZE", "0"),
    ("DATABASE_POOL_SIZE", "1001"),
    ("DATABASE_POOL_SIZE", "-5"),
    ("DATABASE_POOL_SIZE", "5.0"),
    ("DATABASE_POOL_SIZE", "٥"),
    ("DATABASE_PREPARED_STATEMENTS", SECRET),
    ("DATABASE_CONNECTION_MAX_AGE", "0"),
    ("DATABASE_CONNECTION_MAX_AGE", "86401"),
    ("CERAMIC_CACHE_SCORER_ID", SECRET),
    ("CERAMIC_CACHE_SCORER_ID", "-1"),
    ("SIWE_JWT_PUBLIC_KEY", SECRET),
    ("SIWE_JWT_PUBLIC_KEY", f"-----BEGIN PUBLIC KEY-----\n{SECRET}"),
    ("SIWE_JWT_PUBLIC_KEY", PRIVATE_KEY),
    ("SIWE_JWT_PRIVATE_KEY", SECRET),
    ("SIWE_JWT_PRIVATE_KEY", PUBLIC_KEY),
    ("SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE", SECRET),
    ("SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE", f'"{SECRET}"'),
    ("SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE", f'["a.example", "https://{SECRET}"]'),
    ("SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE", f'["{SECRET}/"]'),
    ("SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE", f'["a.example {SECRET}"]'),
    ("SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE", '[""]'),
    ("ETHEREUM_RPC_URL", f"wss://{SECRET}"),
    ("ETHEREUM_RPC_URL", f"https:///{SECRET}"),
    ("SIWE_ALLOWED_DOMAINS_CERAMIC_CACHE", f'["ä{SECRET}.example"]'),
    ("ETHEREUM_RPC_URLS", f"https://{SECRET}"),
    ("ETHEREUM_RPC_URLS", f'["https://{SECRET}"]'),
    ("ETHEREUM_RPC_URLS", f'{{"one": "https://{SECRET}"}}'),
    ("ETHEREUM_RPC_URLS", f'{{"0": "https://{SECRET}"}}'),
    ("ETHEREUM_RPC_URLS", f'{{"01": "https://{SECRET}"}}'),
    ("ETHEREUM_RPC_URLS", f'{{"1": "wss://{SECRET}"}}'),
    ("ETHEREUM_RPC_URLS", f'{{"1": ["https://{SECRET}"]}}'),
    ("ETHEREUM_RPC_URLS", f'{{"1": "https://{SECRET}"'),
    (
        "ETHEREUM_RPC_URLS",
        "{" + ", ".join(f'"{number}": "https://{SECRET}"' for number in range(1, 102)) + "}",
    ),
    ("INTERNAL_ON_PUBLIC_LISTENER", SECRET),
    ("ROUTING_HEADER", f"X: {SECRET}"),
    ("ROUTING_HEADER", "X-Routing\r\nX"),
    ("TRUSTED_IAM_ISSUERS", f"did:{SECRET}"),
    ("TRUSTED_IAM_ISSUERS", f'"did:{SECRET}"'),
    ("TRUSTED_IAM_ISSUERS", f'["did:{SECRET}", 1]'),
    ("TRUSTED_IAM_ISSUERS", f'{{"did:{SECRET}": true}}'),
    ("TRUSTED_IAM_ISSUERS", f'["{ETHR}", "did:web:{SECRET}"]'),
    ("TRUSTED_IAM_ISSUERS", f'["{ETHR}0"]'),
    ("TRUSTED_IAM_ISSUERS", f'[" {ETHR}"]'),
    ("TRUSTED_IAM_ISSUERS", f'["{ETHR.replace(":0x", ":mainnet:0x")}"]'),
    ("TRUSTED_IAM_ISSUERS", f'["{CHECKSUMMED.replace("aA", "AA")}"]'),
    ("TRUSTED_IAM_ISSUERS", f'["{ETHR.removeprefix("did:ethr:")}"]'),
    ("TRUSTED_IAM_ISSUERS", f'["{KEY[:-1]}"]'),
    ("TRUSTED_IAM_ISSUERS", f'["{X25519}"]'),
    ("DEMO_API_KEY_ALIASES", SECRET),
    ("DEMO_API_KEY_ALIASES", f'["{SECRET}'),
    ("DEMO_API_KEY_ALIASES", f'["{SECRET}", "\ud800"]'),
    ("DEMO_API_SCORER_ID", SECRET),
    ("DEMO_API_SCORER_ID", "-1"),
    ("DEMO_API_SCORER_ID", "9223372036854775808"),
    ("DEMO_API_SCORER_ID", "9" * 5000),
    ("FF_MULTI_NULLIFIER", SECRET),
    ("FF_MULTI_NULLIFIER", "2"),
    ("TRUST_REGISTERED_STAMPS", SECRET),
    ("FF_API_ANALYTICS", f"off\n{SECRET}"),
    ("RATE_LIMITS_ENABLED", SECRET),
    ("HUMAN_POINTS_ENABLED", SECRET),
    ("HUMAN_POINTS_WRITE_ENABLED", SECRET),
    ("HUMAN_POINTS_MTA_ENABLED", SECRET),
    ("HUMAN_POINTS_START_TIMESTAMP", SECRET),
    ("HUMAN_POINTS_START_TIMESTAMP", "2026-03-01"),
    ("HUMAN_POINTS_START_TIMESTAMP", "1772366400.5"),
    ("HUMAN_POINTS_START_TIMESTAMP", "9" * 12),
    ("HUMAN_POINTS_START_TIMESTAMP", "9" * 30),
    ("PASSPORT_PUBLIC_URL", SECRET),
    ("PASSPORT_PUBLIC_URL", f"ftp://{SECRET}"),
    ("PASSPORT_PUBLIC_URL", f"https:///{SECRET}"),
    ("PASSPORT_PUBLIC_URL", f"https://[{SECRET}"),
    ("PASSPORT_PUBLIC_URL", f"https://host:{SECRET}"),
    ("PASSPORT_PUBLIC_URL", f"https://host/a {SECRET}"),
    ("RATE_LIMIT_REDIS_URL", f"http://{SECRET}"),
    ("RATE_LIMIT_REDIS_URL", f"redis:///{SECRET}"),
    ("RATE_LIMIT_REDIS_URL", f"redis://host:{SECRET}"),
    ("RATE_LIMIT_REDIS_URL", "redis://host:0"),
    ("RATE_LIMIT_REDIS_URL", "redis://host:65536"),
    ("RATE_LIMIT_REDIS_URL", f"redis://host/{SECRET}"),
    ("RATE_LIMIT_REDIS_URL", f"redis://host?db={SECRET}"),
    ("RATE_LIMIT_REDIS_URL", f"redis://host?{SECRET}=1"),
    ("RATE_LIMIT_REDIS_URL", "redis://host?socket_timeout=60"),
    ("PORT", SECRET),
    ("PORT", "65536"),
    ("ROOT_PATH", SECRET),
    ("ROOT_PATH", f"https://{SECRET}"),
    ("ROOT_PATH", f"//{SECRET}"),
    ("ROOT_PATH", f"/a/../{SECRET}"),
    ("ROOT_PATH", f"/a {SECRET}"),
    ("ROOT_PATH", f"/a?{SECRET}"),
    ("ROOT_PATH", "/v2/scorer"),
    ("ROOT_PATH", "/docs"),
    ("ROOT_PATH", "/" + "a" * 200),
    ("MAX_CONNECTIONS", SECRET),
    ("MAX_CONNECTIONS", "15"),
    ("MAX_REQUESTS_IN_FLIGHT", SECRET),
    ("MAX_REQUESTS_IN_FLIGHT", "0"),
    ("REQUEST_MEMORY_MB", SECRET),
    ("REQUEST_MEMORY_MB", "7"),
    ("RESPONSE_MEMORY_MB", SECRET),
    ("RESPONSE_MEMORY_MB", "7"),
    ("SHUTDOWN_DELAY_SECONDS", SECRET),
    ("SHUTDOWN_DELAY_SECONDS", "-1"),
    ("SHUTDOWN_DELAY_SECONDS", "3601"),
    ("LOG_LEVEL", SECRET),
    ("OTEL_ENABLED", SECRET),
    ("OTEL_TRACE_SAMPLING_RATE", SECRET),
    ("OTEL_TRACE_SAMPLING_RATE", "nan"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", f"grpc://{SECRET}"),
    ("CACHE_MEMORY_MB", SECRET),
    ("CACHE_MEMORY_MB", "100001"),
    ("MAX_STAMPS_PER_ADDRESS", "0"),
    ("FAILED_CALLS_PER_MINUTE", "-1"),
    ("ANONYMOUS_WRITES_PER_MINUTE", SECRET),
    ("TRUSTED_PROXY_COUNT", "all"),
    ("TRUSTED_PROXY_COUNT", "11"),
    ("LAMBDA_SERVES", SECRET),
    ("LAMBDA_INTERNAL_TARGET_GROUPS", SECRET),
]
DATABASE = ("DATABASE_URL", "RDS_PROXY_URL")


@pytest.mark.parametrize(("variable", "text"), MALFORMED)
def test_a_malformed_variable_is_named_and_its_value_is_not(variable: str, text: str) -> None:
    """The message is one line that begins with the name, and contains no part of the value."""
    with pytest.raises(InvalidSetting) as refused:
        read_settings({variable: text})
    assert refused.value.message.startswith(f"{variable}: expected ")
    assert "\n" not in refused.value.message
    assert SECRET not in refused.value.message
    assert text not in refused.value.message.removeprefix(f"{variable}: expected ").split()


def test_every_setting_that_can_be_malformed_has_been() -> None:
    """Whatever is more than text has a malformed value above."""
    more_than_text = {
        name
        for field, variable in variables().items()
        for name in variable.names
        if name not in DATABASE and get_type_hints(Settings)[field] not in (str, str | None)
    }
    assert more_than_text <= {name for name, _ in MALFORMED}


FIRST_MALFORMED = dict(reversed(MALFORMED)) | dict.fromkeys(DATABASE, f"mysql://me:{SECRET}@host/a")
NO_TEXT = [(name, f"{SECRET}\udcff") for one in variables().values() for name in one.names]


@pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")
@pytest.mark.parametrize("command", ["config", "serve"])
@pytest.mark.parametrize(("variable", "text"), [*FIRST_MALFORMED.items(), *NO_TEXT])
def test_commands_refuse_it_in_one_line(
    command: str,
    variable: str,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each command ends with one line that begins with the name, and shows no part of the value.

    Bytes that are not text are refused in every variable: they could be neither logged nor sent.
    """
    for name in (name for one in variables().values() for name in one.names):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TRUSTED_IAM_ISSUERS", "[]")  # what `serve` needs
    monkeypatch.setenv(variable, text)
    monkeypatch.setattr("sys.argv", ["passport-scorer", command])
    with pytest.raises(SystemExit) as ended:
        main()
    output, errors = capsys.readouterr()
    (line,) = errors.splitlines()
    assert (ended.value.code, output) == (2, "")
    assert line.startswith(f"passport-scorer: {variable}")
    assert SECRET not in line


@pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")
@pytest.mark.parametrize("command", ["config", "serve"])
def test_all_malformed_variables_are_reported_at_once(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is a line for each malformed variable, in the order of the table."""
    for name in (name for one in variables().values() for name in one.names):
        monkeypatch.delenv(name, raising=False)
    for variable, text in FIRST_MALFORMED.items():
        monkeypatch.setenv(variable, text)
    monkeypatch.setattr("sys.argv", ["passport-scorer", command])
    with pytest.raises(SystemExit) as ended:
        main()
    output, errors = capsys.readouterr()
    assert (ended.value.code, output) == (2, "")
    expected = [
        next(name for name in one.names if name in FIRST_MALFORMED)
        for one in variables().values()
        if FIRST_MALFORMED.keys() & set(one.names)
    ]
    assert [re.split("[:,]? ", line)[1].rstrip(":") for line in errors.splitlines()] == expected
    assert SECRET not in errors


@pytest.mark.parametrize("variable", DATABASE)
def test_a_malformed_address_of_the_database_is_refused(variable: str) -> None:
    """An address that can't be used is refused at start, like any other variable."""
    with pytest.raises(InvalidDatabaseLocation) as refused:
        read_settings({variable: f"mysql://me:{SECRET}@host/scorer"})
    assert refused.value.message.startswith(variable)
    assert SECRET not in refused.value.message


def test_a_refused_value_is_in_no_traceback() -> None:
    """The printed error has no cause or context that holds the value."""
    with pytest.raises(InvalidSetting) as refused:
        read_settings({"DEMO_API_KEY_ALIASES": SECRET})
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_the_environment_of_the_process_is_read_unless_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without an argument the variables of the process count."""
    monkeypatch.setenv("ENVIRONMENT", "staging")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert read_settings().environment == "staging"


def test_the_secret_of_access_tokens() -> None:
    """JWT_SECRET comes before SECRET_KEY."""
    both = {"SECRET_KEY": "the second", "JWT_SECRET": "the first"}
    assert read_settings(both).jwt_secret == "the first"
