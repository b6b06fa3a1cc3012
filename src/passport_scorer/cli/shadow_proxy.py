"""`passport-scorer shadow proxy`: mirror live traffic to the candidate."""

from __future__ import annotations

import asyncio
import functools
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from cyclopts import Parameter

from passport_scorer.cli.confirmation import NotConfirmed
from passport_scorer.cli.output import Json
from passport_scorer.cli.shadow_live import (
    LiveDisplay,
    finish_report,
    run_with_display,
)
from passport_scorer.cli.shadow_options import (
    Flag,
    InvalidOption,
    Texts,
    check_positive,
    headers_of,
)
from passport_scorer.extras import require
from passport_scorer.server.sockets import listen
from passport_scorer.tools.shadow.comparison.endpoints import Endpoints
from passport_scorer.tools.shadow.comparison.rules import Rulebook
from passport_scorer.tools.shadow.exchanges import is_read
from passport_scorer.tools.shadow.http_client import Target, checked_url
from passport_scorer.tools.shadow.proxy.counts import MIRRORED, UNSENT, Counts
from passport_scorer.tools.shadow.proxy.mirror_queue import MirrorLimits, MirrorQueue
from passport_scorer.tools.shadow.proxy.mirror_worker import MirrorWorker
from passport_scorer.tools.shadow.proxy.running import run_proxy
from passport_scorer.tools.shadow.proxy.tcp_proxy import upstream_of
from passport_scorer.tools.shadow.recorder import Recorder
from passport_scorer.tools.shadow.report.metadata import ReportMetadata
from passport_scorer.tools.shadow.report.writer import prepare_folder, write_report
from passport_scorer.tools.shadow.rules import read_rulebook
from passport_scorer.tools.shadow.tally import Tally
from passport_scorer.tools.shadow.verdict import judge


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ProxyOptions:
    """The options of a proxy.

    Parameters
    ----------
    control
        URL of the deployment in production, without a path.
    candidate
        URL of the deployment under test.
    host
        Address to listen on.
    port
        Port to listen on; 0 for any free port.
    sample
        Share of the reads to mirror, 0 to 1.
    rate
        Maximum number of mirrored requests per second.
    queue
        Size of the queue in megabytes; requests that do not fit are dropped and counted.
    concurrency
        Maximum number of mirrored requests in flight. Default: 8, or 1 with --writes to preserve
        their order.
    timeout
        Seconds to wait for the candidate's response.
    rules
        Additional rules: a file, existing-deployment or copied-database. Can be repeated.
    candidate_header
        A header to add to mirrored requests, as NAME=VARIABLE: its value is read from an
        environment variable.
    writes
        Mirror writes, too. Requires --candidate-has-its-own-database.
    candidate_has_its_own_database
        Confirm that the candidate does not write to the control's database.
    output
        Folder for the report.
    """

    control: str
    candidate: str
    host: str = "127.0.0.1"
    port: int = 8080
    sample: float = 1.0
    rate: float | None = None
    queue: int = 64
    concurrency: int | None = None
    timeout: float = 10.0
    rules: Texts = ()
    candidate_header: Texts = ()
    writes: Flag = False
    candidate_has_its_own_database: Flag = False
    output: Path = Path("shadow-report")

    @property
    def connections(self) -> int:
        """The maximum number of requests in flight: `concurrency`, or its default."""
        return self.concurrency or (1 if self.writes else 8)


def proxy(*, options: ProxyOptions, json: Json = False) -> int:
    """Forward traffic to the control, and mirror its requests to the candidate.

    Clients receive the control's bytes unchanged. A separate process mirrors each request after
    its response: a failing or slow candidate affects only the report. Reads are mirrored: GET,
    HEAD, and lookups with a body. Reading a score stores it: a candidate on the control's
    database writes the same rows as the control.

    The report is updated every few seconds, and when SIGTERM or Ctrl-C stops the proxy.

    For example:

        passport-scorer shadow proxy --control http://old:8000 --candidate http://new:8000
        --host 0.0.0.0 --port 8000 --sample 0.1 --rate 50
    """
    require("report", "passport-scorer shadow")
    _check(options)
    rulebook = read_rulebook(options.rules)
    prepare_folder(options.output)
    upstream = upstream_of(options.control)
    counts = Counts()
    mirror = _Mirror(options, rulebook, counts, json=json)
    endpoints = Endpoints(rulebook.endpoints)

    def wanted(method: str, path: str) -> bool:
        return options.writes or is_read(method, endpoints.name(method, path), rulebook.reads)

    limits = MirrorLimits(
        sample=options.sample, rate=options.rate, queue=options.queue * 1024 * 1024
    )
    mirror_queue = MirrorQueue(limits, wanted, counts)
    with listen(options.host, options.port) as listener:
        shown = f"{options.host}:{listener.getsockname()[1]}; forwarding to {options.control}"
        print(f"Listening on {shown}.", file=sys.stderr, flush=True)
        if options.writes:
            print("Mirroring writes: the candidate's database will change.", file=sys.stderr)
        return run_proxy(listener, upstream, mirror_queue, mirror.run)


def _check(options: ProxyOptions) -> None:
    if options.writes and not options.candidate_has_its_own_database:
        raise NotConfirmed(
            "--writes makes the candidate store, change and delete stamps, too: confirm with"
            " --candidate-has-its-own-database that it does not use the control's database."
        )
    if options.writes and (options.sample < 1 or options.rate is not None):
        raise InvalidOption("--writes mirrors every write: omit --sample and --rate.")
    check_positive(
        sample=options.sample,
        rate=options.rate,
        queue=options.queue,
        concurrency=options.concurrency,
        timeout=options.timeout,
    )


class _Mirror:
    """The mirror process: repeats requests, compares, and writes the report."""

    def __init__(
        self, options: ProxyOptions, rulebook: Rulebook, counts: Counts, *, json: bool
    ) -> None:
        self._options = options
        self._target = Target(
            checked_url(options.candidate, "--candidate"),
            headers=headers_of(options.candidate_header),
            timeout=options.timeout,
            connections=options.connections,
        )
        self._metadata = ReportMetadata(
            title="Shadow proxy",
            control=options.control,
            candidate=options.candidate,
            source="live traffic",
        )
        self._rulebook = rulebook
        self._counts = counts
        self._json = json

    def run(self, exchanges: socket.socket) -> int:
        """Mirror exchanges until their end, and return the exit status."""
        tally = Tally(began=time.time())
        started = time.monotonic()
        recorder = Recorder(self._rulebook, tally)
        worker = MirrorWorker(exchanges, self._target, recorder, self._options.connections)
        save = functools.partial(self._save, tally, started)
        display = LiveDisplay(self._metadata, tally, self._rulebook, save)
        asyncio.run(run_with_display(self._mirror(worker), display))
        self._take_counts(tally, started)
        if unsent := tally.notes.get(MIRRORED, 0) - worker.taken:
            tally.note(UNSENT, unsent)
        return finish_report(
            self._options.output, self._metadata, tally, self._rulebook, json=self._json
        )

    async def _mirror(self, worker: MirrorWorker) -> None:
        async with self._target:
            await worker.run()

    def _save(self, tally: Tally, started: float) -> None:
        self._take_counts(tally, started)
        verdict = judge(tally, self._rulebook)
        write_report(self._options.output, self._metadata, tally, verdict)

    def _take_counts(self, tally: Tally, started: float) -> None:
        tally.busy = time.monotonic() - started
        tally.notes.update(self._counts.read())
