"""The bare database: pgbench runs the statements of a warm request with the service's parameters.

Their text is used unchanged, except for the source of the parameters: arrays that the
service sends are arrays in a row of a table here (see `parameters.py`). What changes from one
request to the next is put in: the time, and the version of the score row, which one statement tells
the next as in the service. Each client has addresses of its own, so that there are no write
conflicts.

The service also writes a row of usage analytics per request, which is omitted here.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from benchmarks.database import Loaded, value
from benchmarks.parameters import WARM_REQUEST, Step

# As in the service's connections.
SESSION = "-c plan_cache_mode=force_generic_plan -c jit=off"
_SOURCE = re.compile(
    r"(?P<all>SELECT \*\s+)?(?P<word>FROM|USING)\s+unnest\((?P<parameters>[^()]*\$[^()]*)\)"
    r"(?P<ordinality>\s+WITH ORDINALITY)?\s+AS (?P<name>\w+)"
)


_WRITTEN = """
    SELECT ARRAY[
        (SELECT count(*) FROM registry_event WHERE created_at >= $1),
        (SELECT count(DISTINCT address) FROM registry_event WHERE created_at >= $1),
        (SELECT count(*) FROM registry_score WHERE last_score_timestamp >= $1)
    ]
"""


class StatementChanged(Exception):
    """A statement no longer has the form that `pgbench.py` supports: adapt it."""


class PgbenchFailed(Exception):
    """pgbench failed, or did not do the work to measure."""


class PgbenchResult(msgspec.Struct, frozen=True):
    """The result of a run, without its start."""

    transactions: int
    seconds: float
    p50_ms: float
    p99_ms: float


def script(steps: Sequence[Step] = WARM_REQUEST) -> str:
    """Return the script of one transaction."""
    own = r"\set n 1 + :client_id + :clients * random(0, :addresses / :clients - 1)"
    *first, last = map(from_table, steps)
    return "\n".join([own, *(f"{sql} \\gset" for sql in first), f"{last};", ""])


def from_table(step: Step) -> str:
    """Return a statement that takes its parameters from row `:n` of a table.

    Raises:
        StatementChanged: its form is not supported.
    """
    sql = re.sub(r"^\s*--.*\n", "", step.query.sql, flags=re.MULTILINE).strip()
    values = _values(step)
    sources = len(re.findall(r"unnest\([^()]*\$", sql))
    sql, found = _SOURCE.subn(lambda match: _lateral(match, values), sql)
    sql = re.sub(r"\$(\d+)", lambda match: _scalar(values[match[1]]), sql)
    row = f"SELECT * FROM {step.table} WHERE n = :n"
    sql, begun = re.subn(r"\AWITH ", f"WITH parameter AS MATERIALIZED ({row}), ", sql)
    if found != sources or not begun or re.search(r"\$\d", sql) or ";" in sql:
        raise StatementChanged(step.query.name)
    return sql


def _values(step: Step) -> dict[str, str]:
    """Return the replacements of $1, $2, …, by number."""
    names = step.query.parameters.__struct_fields__
    captured = {name: f"parameter.p{number}" for number, name in enumerate(names, 1)}
    instead = {name: sql.format_map(captured) for name, sql in step.instead.items()}
    return {str(i): instead.get(name, captured[name]) for i, name in enumerate(names, 1)}


def _lateral(match: re.Match[str], values: Mapping[str, str]) -> str:
    """Take the arrays of a list from the row."""
    arrays = re.sub(r"\$(\d+)", lambda each: values[each[1]], match["parameters"])
    chosen = f"SELECT {match['name']}.*\n" if match["all"] else ""
    source = f"{match['word']} parameter CROSS JOIN LATERAL unnest({arrays})"
    return f"{chosen}{source}{match['ordinality'] or ''} AS {match['name']}"


def _scalar(value: str) -> str:
    return f"(SELECT {value} FROM parameter)" if value.startswith("parameter.") else value


def run(
    loaded: Loaded, program: Path, folder: Path, clients: int, seconds: float, warm_up: float
) -> PgbenchResult:
    """Run clients for a while; the beginning is not counted.

    Args:
        loaded: the database.
        program: the path of pgbench.
        folder: for its script and logs.
        clients: their number, each with its own connection.
        seconds: the duration.
        warm_up: seconds before that; statements are prepared in them.

    Raises:
        PgbenchFailed: a transaction failed, or scores and events were not written.
    """
    path = folder / "pgbench.sql"
    path.write_text(script())
    prefix = folder / "transactions"
    since, began = value(loaded.url, "SELECT now()"), time.time()
    command = _command(loaded, path, prefix, clients, round(warm_up + seconds))
    environment = os.environ | {"PGOPTIONS": SESSION}
    done = subprocess.run(
        [program, *command], env=environment, capture_output=True, text=True, check=False
    )
    transactions = _transactions(folder, prefix.name)
    if done.returncode or not transactions:
        raise PgbenchFailed(done.stderr[-1000:])
    _check(loaded, since, len(transactions))
    return _result(transactions, began + warm_up)


def _check(loaded: Loaded, since: datetime, transactions: int) -> None:
    """Check that every transaction has written an event and a score."""
    events, addresses, scores = value(loaded.url, _WRITTEN, since)
    if events != transactions or addresses != scores:
        raise PgbenchFailed(
            f"{transactions} transactions wrote {events} events for {addresses} addresses"
            f" and {scores} scores."
        )


def _command(
    loaded: Loaded, script_path: Path, prefix: Path, clients: int, seconds: int
) -> Sequence[str | Path]:
    options = ["--no-vacuum", "--protocol=prepared", "--log", f"--log-prefix={prefix}"]
    options += [f"--client={clients}", f"--time={seconds}", f"--define=clients={clients}"]
    options += [f"--define=addresses={loaded.addresses}", f"--file={script_path}"]
    return [*options, loaded.url]


def _transactions(folder: Path, prefix: str) -> list[tuple[float, float]]:
    """Return the end (seconds since 1970) and the duration (ms) of each transaction."""
    transactions = []
    for log in folder.glob(f"{prefix}.*"):
        for line in log.read_text().splitlines():
            _client, _number, microseconds, _script, end, fraction = line.split()
            ended = int(end) + int(fraction) / 1e6
            transactions.append((ended, int(microseconds) / 1000))
        log.unlink()
    return transactions


def _result(transactions: Sequence[tuple[float, float]], from_: float) -> PgbenchResult:
    counted = [(ended, ms) for ended, ms in transactions if ended >= from_]
    times = sorted(ms for _, ms in counted)
    return PgbenchResult(
        transactions=len(counted),
        seconds=max(ended for ended, _ in counted) - from_,
        p50_ms=times[len(times) // 2],
        p99_ms=times[int(len(times) * 0.99)],
    )
