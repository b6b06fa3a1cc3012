"""Sends the recorded exchanges to a service, one at a time and in order, and compares."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.conformance.golden.answers import Json, compare_answer
from tests.conformance.golden.rows import Database, check_then, compare_rows


def send(base_url: str, exchange: Json, timeout: float = 30) -> tuple[int, Any]:
    """Send a request; return the body of the response as JSON, or as text if it is not JSON."""
    base = urlsplit(base_url)
    secure = base.scheme == "https"
    connection: http.client.HTTPConnection = (
        http.client.HTTPSConnection if secure else http.client.HTTPConnection
    )(base.hostname or "", base.port, timeout=timeout)
    headers = dict(exchange["headers"])
    body = None
    if exchange["body"] is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(exchange["body"]).encode()
    try:
        connection.request(
            exchange["method"], base.path.rstrip("/") + exchange["path"], body, headers
        )
        response = connection.getresponse()
        raw = response.read().decode("utf-8", "replace")
    finally:
        connection.close()
    try:
        return response.status, json.loads(raw) if raw else None
    except ValueError:
        return response.status, raw


def replay(recording: Path, public: str, internal: str, database: Database) -> list[str]:
    """Send every exchange, compare responses and finally rows; return the differences as lines.

    Args:
        recording: the folder with `exchanges.jsonl` and `rows.json`.
        public: the URL of the public listener.
        internal: the URL of the internal listener.
        database: the service's new database.
    """
    found = []
    for line in (recording / "exchanges.jsonl").read_text("utf-8").splitlines():
        exchange = json.loads(line)
        base = internal if exchange["path"].startswith("/internal/") else public
        status, answer = send(base, exchange)
        problems = compare_answer(exchange, status, answer)
        problems += check_then(exchange.get("then", []), database)
        found += [f"{exchange['n']} {exchange['case']}: {problem}" for problem in problems]
    expected = json.loads((recording / "rows.json").read_text("utf-8"))
    for table, problems in compare_rows(expected, database).items():
        found += [f"rows of {table}: {problem}" for problem in problems]
    return found
