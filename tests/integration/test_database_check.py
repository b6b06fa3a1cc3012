"""`passport-scorer db …`, as people and programs run it, against real databases."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from passport_scorer.db.checks import Finding, Severity, compare, describe, expected_tables
from passport_scorer.db.checks.description import describe_within
from passport_scorer.db.url import connected

NAMES = [table.name for table in expected_tables()]
KEPT = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
# `passport-scorer db` by itself: the whole command imports the service, which takes its time.
COMMAND = "from passport_scorer.cli import database, errors; errors.end_with(database.app)"
ERROR, ADVICE, NOTE = Severity.ERROR, Severity.ADVICE, Severity.NOTE


def run(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run `passport-scorer db` in a process of its own, with nothing but this environment."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", COMMAND, *arguments],
        capture_output=True,
        check=False,
        env={**KEPT, "COLUMNS": "100", **environ},
        stdin=subprocess.DEVNULL,
        text=True,
    )


def execute(url: str, sql: str) -> None:
    """Change a database."""

    async def changed() -> None:
        async with connected(url) as connection:
            await connection.execute(sql)

    asyncio.run(changed())


async def findings(url: str, change: str) -> list[Finding]:
    """Return the findings after a change to the database."""
    async with connected(url) as connection:
        await connection.execute(change)
        return compare(await describe(connection, NAMES))


def test_an_existing_deployment_passes(reference_database_url: str) -> None:
    """The service works with a database as it finds it: exit status 0, and no complaint."""
    checked = run("check", DATABASE_URL=reference_database_url)
    assert checked.returncode == 0
    assert "errors: 0, advice: 0, notes: 0" in checked.stdout
    assert checked.stderr == ""


DIFFERENCES = [
    ("DROP TABLE stake_stake", "stake_stake", ERROR, "the table is missing"),
    (
        "ALTER TABLE stake_stake RENAME TO old; CREATE VIEW stake_stake AS SELECT * FROM old",
        "stake_stake",
        ERROR,
        "the table is missing",
    ),
    (
        "ALTER TABLE registry_score DROP COLUMN evidence",
        "registry_score",
        ERROR,
        "column evidence is missing",
    ),
    (
        "ALTER TABLE registry_event ALTER action TYPE varchar(2)",
        "registry_event",
        ERROR,
        "column action is character varying(2), not character varying(3)",
    ),
    (
        "ALTER TABLE registry_event ALTER action TYPE varchar(30)",
        "registry_event",
        NOTE,
        "column action is character varying(30), not character varying(3)",
    ),
    (
        "ALTER TABLE registry_event ALTER action TYPE text",
        "registry_event",
        NOTE,
        "column action is text, not character varying(3)",
    ),
    (
        "ALTER TABLE registry_score ALTER score TYPE numeric(18,8)",
        "registry_score",
        ERROR,
        "column score is numeric(18,8), not numeric(18,9)",
    ),
    (
        "ALTER TABLE registry_event ALTER data DROP NOT NULL",
        "registry_event",
        ERROR,
        "column data is nullable, but must not be",
    ),
    (
        "ALTER TABLE registry_score ALTER error SET NOT NULL",
        "registry_score",
        ERROR,
        "column error is NOT NULL, but the service inserts nulls",
    ),
    (
        "ALTER TABLE registry_event ALTER id DROP IDENTITY",
        "registry_event",
        ERROR,
        "column id is not an identity column, but inserts give no value",
    ),
    (
        "ALTER TABLE registry_event ADD trace varchar(9) NOT NULL",
        "registry_event",
        ERROR,
        "column trace is unknown and NOT NULL: inserts fail",
    ),
    (
        "ALTER TABLE registry_event ADD trace varchar(9)",
        "registry_event",
        NOTE,
        "column trace is unknown and harmless",
    ),
    (
        "ALTER TABLE registry_event ADD trace varchar(9) NOT NULL DEFAULT ''",
        "registry_event",
        NOTE,
        "column trace is unknown and harmless",
    ),
    (
        "ALTER TABLE registry_passport DROP CONSTRAINT registry_passport_address_community_id_key",
        "registry_passport",
        ERROR,
        "(address, community_id) is not unique, but ON CONFLICT requires it",
    ),
    (
        "ALTER TABLE registry_passport DROP CONSTRAINT registry_passport_address_community_id_key;"
        " ALTER TABLE registry_passport ADD UNIQUE (address, community_id) DEFERRABLE",
        "registry_passport",
        ERROR,
        "(address, community_id) is not unique, but ON CONFLICT requires it",
    ),
    (
        "DROP INDEX ceramic_cache_ceramiccache_unique_live",
        "ceramic_cache_ceramiccache",
        ERROR,
        "(type, address, provider) WHERE deleted_at IS NULL is not unique,"
        " but ON CONFLICT requires it",
    ),
    (
        "DROP INDEX ceramic_cache_ceramiccache_address_id_desc_live",
        "ceramic_cache_ceramiccache",
        ADVICE,
        "no index on (address, id DESC) WHERE deleted_at IS NULL",
    ),
    (
        "ALTER TABLE registry_stamp DROP CONSTRAINT registry_stamp_passport_id_fkey",
        "registry_stamp",
        NOTE,
        "no FOREIGN KEY (passport_id) REFERENCES registry_passport (id)"
        " DEFERRABLE INITIALLY DEFERRED",
    ),
    (
        "ALTER TABLE registry_stamp ADD CHECK (provider <> '')",
        "registry_stamp",
        NOTE,
        "unknown: CHECK (provider::text <> ''::text)",
    ),
]


@pytest.mark.parametrize(
    ("change", "table", "severity", "message"),
    DIFFERENCES,
    ids=[each[0][:70] for each in DIFFERENCES],
)
async def test_each_difference_is_named(
    database_url: str, change: str, table: str, severity: Severity, message: str
) -> None:
    """Each difference is reported for the right table, with its severity, and nothing else is."""
    found = await findings(database_url, change)
    assert [(each.table, each.severity, each.message) for each in found] == [
        (table, severity, message)
    ]


EQUIVALENTS = [
    # Django made identity columns with sequences, once.
    "ALTER TABLE registry_event ALTER id DROP IDENTITY; CREATE SEQUENCE ids OWNED BY"
    " registry_event.id; ALTER TABLE registry_event ALTER id SET DEFAULT nextval('ids')",
    "ALTER TABLE registry_passport DROP CONSTRAINT registry_passport_address_community_id_key;"
    " CREATE UNIQUE INDEX another_name ON registry_passport (community_id, address)",
    # The unique constraint on (address, community_id) begins with it.
    "DROP INDEX registry_passport_address",
    "CREATE INDEX more ON registry_stamp (provider, passport_id)",
    "CREATE TABLE django_migrations (id bigint)",
    "ALTER TABLE stake_stake SET SCHEMA pg_catalog; ALTER TABLE pg_catalog.stake_stake"
    " SET SCHEMA public",
]


@pytest.mark.parametrize("change", EQUIVALENTS, ids=[each[:70] for each in EQUIVALENTS])
async def test_an_equivalent_is_not_a_difference(database_url: str, change: str) -> None:
    """Other names, other ways to the same end, and more than we need are all right."""
    assert await findings(database_url, change) == []


async def test_the_statement_for_a_missing_index_makes_it(database_url: str) -> None:
    """The advised statements can be run as they are, and then nothing is left to report."""
    (advice,) = await findings(database_url, "DROP INDEX account_community_unique_live")
    assert advice.statement
    assert "CONCURRENTLY" in advice.statement
    assert await findings(database_url, advice.statement) == []


async def test_missing_rights_are_named_with_their_remedy(database_url: str) -> None:
    """The report for a read-only user names the missing privileges."""
    async with connected(database_url) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "CREATE ROLE reader; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;"
            " ALTER TABLE registry_event ALTER id DROP IDENTITY;"
            " CREATE SEQUENCE registry_event_id_seq OWNED BY registry_event.id;"
            " ALTER TABLE registry_event ALTER id SET DEFAULT nextval('registry_event_id_seq');"
            " SET LOCAL ROLE reader"
        )
        found = compare(await describe_within(connection, NAMES))
        await connection.execute("RESET ROLE")
        for finding in found:
            await connection.execute(finding.statement)
        await connection.execute("SET LOCAL ROLE reader")
        left = compare(await describe_within(connection, NAMES))
        await transaction.rollback()
    messages = {finding.message for finding in found if finding.table == "registry_event"}
    assert messages == {"reader lacks INSERT", "reader can't use the sequence of id"}
    assert left == []


def test_a_difference_ends_with_status_1(database_url: str) -> None:
    """A program that runs the check learns from its status that the service can't start."""
    assert run("shell", "-c", "DROP TABLE stake_stake", DATABASE_URL=database_url).returncode == 0
    checked = run("check", DATABASE_URL=database_url)
    assert checked.returncode == 1
    assert "error: stake_stake: the table is missing" in checked.stdout.splitlines()


def test_json_says_the_same_to_programs(database_url: str) -> None:
    """With --json, everything is one object on standard output."""
    execute(database_url, "DROP INDEX registry_event_community_id")
    checked = run("check", "--json", DATABASE_URL=database_url)
    report = json.loads(checked.stdout)
    assert checked.returncode == 0
    assert report["ok"] is True
    assert report["findings"] == [
        {
            "table": "registry_event",
            "severity": "advice",
            "message": "no index on (community_id)",
            "statement": "CREATE INDEX CONCURRENTLY registry_event_community_id"
            " ON registry_event (community_id);",
        }
    ]


def test_settings_that_are_off_there_are_named(reference_database_url: str) -> None:
    """With another deployment's rows, settings left open here are named; others are not."""
    change = (
        "DELETE FROM account_accountapikeyanalytics;"
        " DELETE FROM registry_hashscorerlink WHERE hash NOT LIKE 'v0%'"
    )
    execute(reference_database_url, change)
    left_open = ["FF_MULTI_NULLIFIER", "FF_API_ANALYTICS", "RATE_LIMITS_ENABLED"]

    def named(**environ: str) -> list[str]:
        checked = run("check", "--json", DATABASE_URL=reference_database_url, **environ)
        assert checked.returncode == 0
        return [each["variable"] for each in json.loads(checked.stdout)["settings"]]

    assert named() == left_open
    assert named(FF_MULTI_NULLIFIER="off", FF_API_ANALYTICS=" ") == left_open[1:]
    assert named(**dict.fromkeys(left_open, "on")) == []
    lines = run("check", DATABASE_URL=reference_database_url).stdout.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["setting:", name] for name in left_open]


def test_what_the_rows_show_is_not_asked(reference_database_url: str) -> None:
    """Claims of later nullifiers and recorded use show that these are on there, too."""
    change = (
        "INSERT INTO registry_hashscorerlink (hash, address, expires_at, community_id)"
        " VALUES ('v1:x', '0x0', now(), 1);"
        " INSERT INTO account_accountapikeyanalytics (path, api_key_id)"
        " SELECT '/', id FROM account_accountapikey LIMIT 1;"
        " UPDATE account_accountapikey SET rate_limit = NULL"
    )
    execute(reference_database_url, change)
    checked = run("check", "--json", DATABASE_URL=reference_database_url)
    assert json.loads(checked.stdout)["settings"] == []


def test_rate_limits_that_cannot_be_read_are_named(reference_database_url: str) -> None:
    """The check ends well, and says which key, which column, and what to run."""
    change = "UPDATE account_accountapikey SET rate_limit = 'much' WHERE prefix = 'rate3lim'"
    execute(reference_database_url, change)
    checked = run("check", DATABASE_URL=reference_database_url)
    assert checked.returncode == 0
    assert checked.stdout.splitlines()[:2] == [
        "advice: account_accountapikey: key rate3lim: rate_limit 'much' can't be read,"
        " and counts as 125/15m",
        "    UPDATE account_accountapikey SET rate_limit = '125/15m' WHERE prefix = 'rate3lim';",
    ]


def test_rows_that_no_request_finds_are_named(database_url: str) -> None:
    """Bans and revocations in spellings that are not looked up; the statements fix them."""
    mixed = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
    bans = ["", mixed, mixed.lower(), "0x" + mixed[2:].upper(), mixed.swapcase(), "0x" + "aB" * 20]
    proof = "0x" + "0123456789abcdef" * 8 + "1b"
    odd = proof[:60] + proof[60:].upper()
    proofs = ["", proof, "0x" + proof[2:].upper(), proof[2:], "See The Ticket", odd, odd[2:]]
    statements = [
        "INSERT INTO ceramic_cache_ban (provider, hash, address, created_at, type)"
        f" VALUES ('', '', '{address}', now(), 'account')"
        for address in bans
    ]
    statements += [
        "INSERT INTO ceramic_cache_revocation (proof_value, ceramic_cache_id)"
        f" VALUES ('{text}', {number})"
        for number, text in enumerate(proofs)
    ]
    everything = f"SET session_replication_role = replica; {'; '.join(statements)}"
    execute(database_url, everything)
    checked = run("check", "--json", DATABASE_URL=database_url)
    found = json.loads(checked.stdout)["findings"]
    assert checked.returncode == 0
    said = [(each["table"], each["severity"], each["message"].split(": ")[1]) for each in found]
    assert said == [
        ("ceramic_cache_ban", "advice", "5, 6"),
        ("ceramic_cache_revocation", "advice", "4, 6, 7"),
    ]
    for each in found:
        execute(database_url, each["statement"])
    checked = run("check", DATABASE_URL=database_url)
    assert "errors: 0, advice: 0, notes: 0" in checked.stdout


def test_rows_are_left_alone_where_tables_differ(database_url: str) -> None:
    """A table that is missing or lacks a column is reported once, and not read."""
    change = "DROP TABLE ceramic_cache_ban; ALTER TABLE ceramic_cache_revocation DROP proof_value"
    execute(database_url, change)
    checked = run("check", DATABASE_URL=database_url)
    assert checked.returncode == 1
    assert checked.stderr == ""


async def test_the_check_needs_no_writing(database_url: str) -> None:
    """Where every transaction is read-only, the check works as ever."""
    async with connected(database_url) as connection:
        name = await connection.fetchval("SELECT current_database()")
        await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    async with connected(database_url) as connection:
        assert compare(await describe(connection, NAMES)) == []


async def test_the_check_asks_for_no_writing(database_url: str) -> None:
    """The whole check is one transaction, read-only for PostgreSQL."""
    statements: list[str] = []
    async with connected(database_url) as connection:
        with connection.query_logger(lambda record: statements.append(record.query)):
            await describe(connection, NAMES)
    first, *looks, last = statements
    assert first == "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    assert last == "COMMIT;"
    assert all("SELECT" in look for look in looks)


OPTIONS = [
    "channel_binding=prefer",
    "connect_timeout=5",
    "keepalives=1&keepalives_idle=30&tcp_user_timeout=1000",
    "gssencmode=disable",
    "target_session_attrs=read-write",
    "application_name=check&options=-c%20geqo%3Doff",
    "client_encoding=LATIN1",
    "fallback_application_name=check&load_balance_hosts=random&sslsni=1&sslcompression=0",
    "statement_timeout=5000",
]


@pytest.mark.parametrize("scheme", ["psql", "pgsql", "postgis", "postgresql+asyncpg"])
@pytest.mark.parametrize("options", OPTIONS)
def test_an_address_works_as_it_is_handed_out(
    reference_database_url: str, scheme: str, options: str
) -> None:
    """Options of libpq that the server does not know don't reach the server."""
    url = reference_database_url.replace("postgresql", scheme, 1)
    checked = run("check", DATABASE_URL=f"{url}{'&' if '?' in url else '?'}{options}")
    assert (checked.returncode, checked.stderr) == (0, "")


UNREACHABLE = {
    "unknown option": (
        "{server}pgbouncer=SECRET&schema=SECRET",
        "unknown options of the URL: pgbouncer, schema",
    ),
    "no root certificate": (
        "postgres://me:SECRET@127.0.0.1:1/d?sslmode=verify-full&sslrootcert=/no/such.pem",
        "can't be read: sslrootcert /no/such.pem",
    ),
    "no key": (
        "postgres://me:SECRET@127.0.0.1:1/d?sslmode=require&sslcert=/etc/hostname&sslkey=/no/key",
        "can't be read: sslkey /no/key",
    ),
    "no default certificate": (
        "postgres://me:SECRET@127.0.0.1:1/d?sslmode=verify-ca",
        '.postgresql/root.crt" does not exist',
    ),
    "no such mode": ("postgres://me:SECRET@127.0.0.1:1/d?sslmode=on", "`sslmode` parameter must"),
    "refused option": (
        "postgres://me:SECRET@127.0.0.1:1/d?require_auth=SECRET",
        "DATABASE_URL: require_auth is not supported",
    ),
    "nothing listens": ("postgresql://me:SECRET@127.0.0.1:1/scorer", "nothing is listening there"),
    "unknown host": (
        "postgresql://me:SECRET@host.invalid/scorer",
        "Can't use postgresql://me@host",
    ),
    "no such socket": (
        "postgresql://me:SECRET@/scorer?host=/nowhere",
        "nothing is listening there",
    ),
    "not an address": ("me:SECRET", "DATABASE_URL is not a URL"),
    "another database": ("mysql://me:SECRET@host/scorer", "DATABASE_URL is not a URL"),
    "unencoded password": ("postgresql://me:SEC#RET@host/scorer", "percent-encoded"),
    "port is no number": ("postgresql://me:SECRET@host:port/scorer", "DATABASE_URL is not a"),
}


@pytest.mark.parametrize(("url", "message"), UNREACHABLE.values(), ids=UNREACHABLE)
def test_what_can_not_be_reached_is_said_in_one_line(
    database_url: str, url: str, message: str
) -> None:
    """Exit status 2, one line that says why, and never the password."""
    server = f"{database_url}{'&' if '?' in database_url else '?'}"
    checked = run("check", DATABASE_URL=url.format(server=server), HOME="/nowhere")
    assert checked.returncode == 2
    assert message in checked.stderr
    assert checked.stderr.count("\n") == 1
    assert "SEC" not in checked.stderr + checked.stdout


def test_a_database_that_does_not_exist_is_named(database_url: str) -> None:
    """The server answers, but has no such database: one line, status 2."""
    checked = run("check", DATABASE_URL=database_url.replace("/test_", "/no_"))
    assert checked.returncode == 2
    assert checked.stderr.strip().endswith("the database does not exist")


def test_a_user_that_the_server_refuses_is_named(database_url: str) -> None:
    """Wrong credentials: one line, status 2, and no password in it."""
    refused = database_url.replace("postgres@", "nobody_knows:SECRET@")
    checked = run("check", DATABASE_URL=refused)
    assert checked.returncode == 2
    assert checked.stderr.strip().endswith("the server rejects this user or password")
    assert "SECRET" not in checked.stderr


def test_the_password_is_not_in_the_process_list(database_url: str) -> None:
    """psql gets it from its environment, not as an argument visible in the process list."""
    secret = database_url.replace("postgres@", "postgres:SECRET@")
    command = r"\! tr '\0' ' ' < /proc/$PPID/cmdline; echo; echo $PGPASSWORD"
    shell = run("shell", "-c", command, DATABASE_URL=secret)
    arguments, password = shell.stdout.splitlines()
    assert "SECRET" not in arguments
    assert password == "SECRET"


def test_from_nothing_to_a_database(server_folder: Path) -> None:
    """Without DATABASE_URL: init, check, start, url, shell and stop work on the embedded one."""
    home = {"PASSPORT_SCORER_HOME": str(server_folder / "from-nothing")}
    assert run("url", **home).returncode == 2
    address = run("start", **home).stdout
    try:
        assert run("init", **home).stdout == "Created 48 of 48 tables.\n"
        assert run("init", **home).stdout == "All 48 tables exist.\n"
        assert run("url", **home).stdout == address
        assert run("check", **home).returncode == 0
        assert run("shell", "-XAtc", "SELECT 1", **home).stdout == "1\n"
        assert run("check", DATABASE_URL=address).returncode == 0
    finally:
        stopped = run("stop", **home)
    assert stopped.stdout == "Stopped.\n"
    assert run("stop", **home).stdout == "It was not running.\n"


def test_an_empty_database_is_told_what_comes_first(empty_database: str) -> None:
    """Before 48 tables that are missing, the one command that makes them."""
    checked = run("check", DATABASE_URL=empty_database)
    assert checked.returncode == 1
    assert "passport-scorer db init" in checked.stdout.splitlines()[0]
    execute(empty_database, "CREATE TABLE stake_stake ()")
    assert "db init" not in run("check", DATABASE_URL=empty_database).stdout


def test_init_fills_an_empty_database_that_is_named(empty_database: str) -> None:
    """A database of one's own, empty, gets the tables on request."""
    assert run("init", DATABASE_URL=empty_database).stdout == "Created 48 of 48 tables.\n"
    assert run("check", DATABASE_URL=empty_database).returncode == 0


def test_init_refuses_in_one_line(database_url: str) -> None:
    """A database that init can't set up gives one line and status 2."""
    execute(database_url, "DROP TABLE stake_stake")
    refused = run("init", DATABASE_URL=database_url)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1


def test_describe_can_be_compared_with_diff(database_url: str, reference_database_url: str) -> None:
    """Two databases with the same columns have the same columns in their descriptions."""
    ours = json.loads(run("describe", DATABASE_URL=database_url).stdout)
    theirs = json.loads(run("describe", DATABASE_URL=reference_database_url).stdout)
    assert [table["columns"] for table in ours] == [table["columns"] for table in theirs]


@pytest.mark.parametrize("command", ["init", "check", "shell", "describe", "start", "stop", "url"])
def test_every_command_teaches(command: str) -> None:
    """--help has an example that can be copied."""
    assert f"passport-scorer db {command}" in run(command, "--help").stdout
