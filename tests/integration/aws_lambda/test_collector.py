"""A function whose trace collector is unreachable: requests are not delayed."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from passport_scorer.telemetry import collector_pause

from .conftest import MakeFunction, recorded
from .test_function import BOB, ask, seen

REQUESTS = 5
ACCEPTED = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BUSY = ACCEPTED.replace(b"200 OK", b"503 Service Unavailable")


class Collector:
    """Accepts connections, counts them, and treats each as configured."""

    def __init__(self) -> None:
        self.behave: Callable[[socket.socket], None] = self.hang
        self.connections = 0
        self._held: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self.behave(connection)

    def hang(self, connection: socket.socket) -> None:
        """Never answer."""
        self._held.append(connection)

    def answer(self, answer: bytes) -> Callable[[socket.socket], None]:
        """Take a request and answer it."""

        def behave(connection: socket.socket) -> None:
            with connection, connection.makefile("rb") as request:
                length = 0
                while line := request.readline().strip().lower():
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                request.read(length)
                connection.sendall(answer)

        return behave

    def close(self) -> None:
        """Stop, and let go of what was held."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._held:
            connection.close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that hangs until it is reconfigured."""
    collector = Collector()
    yield collector
    collector.close()


def logged(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the log events about traces since the last call, ours and the library's."""
    events = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    return [event for event in events if "traces" in event["event"] or "logger" in event]


def ask_often(make_function: MakeFunction, url: str) -> Callable[[], None]:
    """Return what sends requests to a function, every one of which is traced."""
    function = make_function(
        OTEL_ENABLED="", OTEL_TRACE_SAMPLING_RATE="1", OTEL_EXPORTER_OTLP_ENDPOINT=url
    )

    def ask_each() -> None:
        for _ in range(REQUESTS):
            assert seen(ask(function, recorded("load_balancer", BOB)))[0] == 200

    return ask_each


@pytest.mark.parametrize("failure", ["hang", "503"])
def test_a_collector_that_fails_is_left_alone(
    make_function: MakeFunction,
    collector: Collector,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    failure: str,
) -> None:
    """It is asked once, by the first request alone; once it has recovered, by all again."""
    if failure == "503":
        collector.behave = collector.answer(BUSY)
    send = ask_often(make_function, collector.url)
    send()
    assert collector.connections == 1
    failed = [event for event in logged(capfd) if event["event"] == "traces_not_sent"]
    assert [event["level"] for event in failed] == ["warning"]

    collector.behave = collector.answer(ACCEPTED)
    send()
    assert collector.connections == 1
    assert logged(capfd) == []

    monkeypatch.setattr(collector_pause, "PAUSE_SECONDS", 0)
    send()
    # If a response is late on a busy machine, the exporter opens another connection.
    assert collector.connections >= 1 + REQUESTS
    (again,) = logged(capfd)
    assert again["event"] == "traces_sent_again"
    assert again["lost"] > 0


def test_a_failure_is_logged_once(
    make_function: MakeFunction,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often a retry fails, the log says it once, and without secrets."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        place = f"127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setattr(collector_pause, "PAUSE_SECONDS", 0)
    ask_often(make_function, f"http://user:very-secret@{place}")()
    events = logged(capfd)
    assert [each["event"] for each in events].count("traces_not_sent") == 1
    assert [each["event"] for each in events].count("library_message") <= 1
    assert "very-secret" not in str(events)
