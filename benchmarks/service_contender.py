"""A running service as a contender, and how requests are sent to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from math import ceil, log
from statistics import median

from benchmarks.load import Load, LoadResult
from benchmarks.processes import Process, Service
from benchmarks.results import Measured

_ALL_BUT = 1 / 200
_FASTER = 1.25  # than in its first second a fresh process may become
_LAST_REQUESTS = 0.5  # seconds; requests in flight at the end finish before the next measurement


class TooFewAddresses(Exception):
    """There were more requests than addresses: some were requested twice."""


class ServiceContender:
    """A service with an HTTP interface.

    Args:
        name: one of `options.NAMES`.
        title: the name in the report.
        connections: numbers of connections to measure with.
        service: the running service.
        load: the requests.
        postgresql: the process of the database server.
    """

    def __init__(
        self,
        name: str,
        title: str,
        connections: tuple[int, ...],
        service: Service,
        load: Load,
        postgresql: Process,
    ) -> None:
        self.name, self.title, self.connections = name, title, connections
        self.service = service
        self.requests = 0
        self._load = load
        self._postgresql = postgresql

    def measure(self, connections: int, seconds: float, warm_up: float) -> Measured:
        """Measure it with this number of connections."""
        if warm_up:
            self._send(lambda: self._load.send(connections, warm_up))
        return self._measured(lambda: self._load.send(connections, seconds))

    def measure_in_order(self, connections: int, seconds: float) -> Measured:
        """Measure it with requests for one address after another, from the first."""
        return self._measured(lambda: self._load.send(connections, seconds, "sequence", 0))

    def measure_once(self, connections: int, seconds: float, addresses: int) -> Measured:
        """Measure it with one request at most for each address, after a second with the first.

        Args:
            connections: their number.
            seconds: the duration; shorter if there are too few addresses. If they suffice for the
                first second only, it is measured itself.
            addresses: their number in the file of the load.

        Raises:
            TooFewAddresses: some were requested twice.
        """
        measured = self._measured(lambda: self._load.send(connections, 1, "sequence", 0))
        start = measured.requests + connections
        enough = int((addresses - start) / (_FASTER * measured.requests))
        if enough >= 1:
            duration = min(round(seconds), enough)
            measured = self._measured(
                lambda: self._load.send(connections, duration, "sequence", start)
            )
            start += measured.requests + connections
        if start > addresses:
            raise TooFewAddresses(f"{start} requests, {addresses} addresses")
        return measured

    def measure_by_second(self, connections: int, seconds: int) -> Measured:
        """Measure it in order, second by second from its first request; the first isn't counted."""
        start, results = 0, []

        def send() -> LoadResult:
            nonlocal start
            result = self._load.send(connections, 1, "sequence", start)
            start += result.requests + connections
            results.append(result)
            return result

        self._send(send)
        measured = [self._measured(send) for _ in range(seconds - 1)]
        requests = sum(each.requests for each in measured)
        return Measured(
            requests=requests,
            requests_per_second=requests / sum(each.seconds for each in results[1:]),
            p50_ms=median(each.p50_ms for each in measured),
            p99_ms=median(each.p99_ms for each in measured),
            python_cpu_ms=sum(each.python_cpu_ms * each.requests for each in measured) / requests,
            postgresql_cpu_ms=(
                sum(each.postgresql_cpu_ms * each.requests for each in measured) / requests
            ),
            by_second=[each.requests / each.seconds for each in results],
        )

    def get_to_know(self, addresses: int, workers: int, advance: Callable[[int], None]) -> None:
        """Request each address until each worker has cached nearly all of them.

        Args:
            addresses: their number in the file of the load.
            workers: their number.
            advance: called with the number of further requests done.
        """
        wanted = passes(workers) * addresses
        sent = 0
        while sent < wanted:
            requests = self._send(partial(self._load.send, 32, 1, "sequence", sent)).requests
            advance(min(requests, wanted - sent))
            sent += requests

    def _send(self, send: Callable[[], LoadResult]) -> LoadResult:
        result = send()
        self.requests += result.requests
        time.sleep(_LAST_REQUESTS)
        return result

    def _measured(self, send: Callable[[], LoadResult]) -> Measured:
        service, postgresql = self.service.process.cpu_seconds(), self._postgresql.cpu_seconds()
        result = self._send(send)
        return Measured(
            requests=result.requests,
            requests_per_second=result.requests / result.seconds,
            p50_ms=result.p50_ms,
            p99_ms=result.p99_ms,
            python_cpu_ms=(self.service.process.cpu_seconds() - service) * 1e3 / result.requests,
            postgresql_cpu_ms=(self._postgresql.cpu_seconds() - postgresql) * 1e3 / result.requests,
        )


def passes(workers: int) -> int:
    """Return the number of requests per address that let nearly every worker cache it.

    Requests are spread over the workers at random: after that many, all but one in two
    hundred pairs of an address and a worker have met.
    """
    return 1 if workers == 1 else ceil(log(_ALL_BUT) / log(1 - 1 / workers))
