"""Measures everything in turn, in rounds (A B C A B C …), so that disturbances affect all."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contenders import (
    Contender,
    DatabaseAlone,
    Ground,
)
from benchmarks.database import run
from benchmarks.fresh import Fresh
from benchmarks.load import SCORE_PATH
from benchmarks.options import COLD, DATABASE, MORE_WORKERS, SEQUENTIAL, SERVICE, Options
from benchmarks.plans import check_plans
from benchmarks.results import Measured, Memory, Series
from benchmarks.service_contender import ServiceContender, passes
from benchmarks.stamps import address_of
from passport_scorer.tools.demo.world import DEMO_API_KEY

Advance = Callable[[int], None]
Note = Callable[[str, int], Advance]
_COMPARED = 25
_FEWER = (1, 32)


class DifferentAnswers(Exception):
    """The sequential design gives different results, so that a comparison is meaningless."""


class Comparison:
    """The contenders of a run, started and warmed up.

    Args:
        options: the options of the run.
        ground: the database to copy, which has no sessions, and the files of the run.
        pgbench: the path of the program.
        fresh: the contenders with databases of their own.
        stack: stops the services.
        note: shows the progress.
    """

    def __init__(
        self,
        options: Options,
        ground: Ground,
        pgbench: Path,
        fresh: Sequence[Fresh],
        stack: ExitStack,
        note: Note,
    ) -> None:
        self._options = options
        self._note = note
        workers, wanted = options.workers, options.names
        self._contenders: list[Contender] = []
        self._fresh = fresh
        if SEQUENTIAL in wanted:
            # It replaces rows that the service caches, and that pgbench's parameters reference.
            apart = stack.enter_context(ground.on_a_copy(SEQUENTIAL))
        self._ground = ground = stack.enter_context(ground.on_a_copy(SERVICE))
        asyncio.run(run(ground.loaded.url, "CHECKPOINT"))
        self.service = ground.service(stack, workers=workers)
        self._at_rest = self.service.service.process.resident_megabytes()
        self._warm_up(self.service, workers)
        self._warm = self.service.service.process.resident_megabytes()
        self._requests_when_warm = self.service.requests
        if SERVICE in wanted:
            self._contenders.append(self.service)
        if SEQUENTIAL in wanted:
            sequential = apart.sequential(stack, workers=options.cores)
            check_answers(self.service, sequential, ground.loaded.addresses)
            self._contenders.append(sequential)
        if COLD in wanted:
            cold = ground.service(
                stack, COLD, workers=workers, caches=False, connections=(1, 16, 32)
            )
            self._contenders.append(cold)
        if MORE_WORKERS in wanted:
            more = ground.service(stack, MORE_WORKERS, workers=options.cores, connections=_FEWER)
            self._warm_up(more, options.cores)
            self._contenders.append(more)
        if DATABASE in wanted:
            check_plans(ground.loaded)
            self._contenders.append(
                DatabaseAlone(ground.loaded, pgbench, ground.folder, ground.postgresql)
            )

    def run(self) -> list[Series]:
        """Measure all of them in turn.

        Those with databases of their own come last: dropping a database ends with a checkpoint,
        after which the first change of each page costs more.
        """
        return [
            *self._rounds("rounds", self._contenders),
            *self._rounds("rounds from a fresh start", self._fresh),
        ]

    def _rounds(self, what: str, contenders: Sequence[Contender]) -> list[Series]:
        if not contenders:
            return []
        rounds: dict[tuple[str, int], list[Measured]] = {}
        places = list(_places(contenders))
        advance = self._note(what, len(places) * self._options.rounds)
        for _ in range(self._options.rounds):
            for contender, connections in places:
                measured = contender.measure(
                    connections, self._options.seconds, self._options.warm_up
                )
                rounds.setdefault((contender.name, connections), []).append(measured)
                advance(1)
        return [
            Series(
                contender.name, contender.title, connections, rounds[contender.name, connections]
            )
            for contender, connections in places
        ]

    def memory(self) -> Memory:
        """Return the memory of a worker, after the requests of a soak, if any."""
        before = self.service.requests
        advance = self._note("soak", self._options.soak)
        while (sent := self.service.requests - before) < self._options.soak:
            self.service.measure(32, 10, 0)
            advance(self.service.requests - before - sent)
        return Memory(
            self._at_rest,
            self._warm,
            self.service.service.process.resident_megabytes(),
            self.service.requests - self._requests_when_warm,
            self._ground.loaded.addresses * self._ground.loaded.stamps,
        )

    def _warm_up(self, service: ServiceContender, workers: int) -> None:
        addresses = self._ground.loaded.addresses
        advance = self._note(f"warming up {service.title}", passes(workers) * addresses)
        service.get_to_know(addresses, workers, advance)


def _places(contenders: Sequence[Contender]) -> Iterator[tuple[Contender, int]]:
    """Return the order of a round: contenders with the same load next to each other."""
    numbers = sorted({number for each in contenders for number in each.connections})
    for number in numbers:
        for contender in contenders:
            if number in contender.connections:
                yield contender, number


def check_answers(one: ServiceContender, other: ServiceContender, addresses: int) -> None:
    """Compare the responses of two services for some addresses.

    Raises:
        DifferentAnswers: they differ in more than the time of the score.
    """
    for number in range(0, addresses, max(1, addresses // _COMPARED)):
        answers: Sequence[dict[str, object]] = [
            _answer(each.service.url, address_of(number)) for each in (one, other)
        ]
        for answer in answers:
            del answer["last_score_timestamp"]
        if answers[0] != answers[1]:
            raise DifferentAnswers(f"{answers[0]} is not {answers[1]}")


def _answer(url: str, address: str) -> dict[str, object]:
    headers = {"X-API-Key": DEMO_API_KEY.key}
    request = urllib.request.Request(f"{url}{SCORE_PATH}{address}", headers=headers)
    with urllib.request.urlopen(request) as response:
        answer: dict[str, object] = json.load(response)
        return answer
