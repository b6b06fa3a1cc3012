"""`passport-scorer shadow proxy`: mirror live traffic to the candidate."""

from __future__ import annotations

import asyncio
import functools
import socket
import sys
import time
from pathlib import Path

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


def proxy(
    *,
    control: str,
    candidate: str,
    host: str = "127.0.0.1",
    port: int = 8080,
    sample: float = 1.0,
    rate: float | None = None,
    queue: int = 64,
    concurrency: int | None = None,
    timeout: float = 10.0,
    rules: Texts = (),
    candidate_header: Texts = (),
    writes: Flag = False,
    candidate_has_its_own_database: Flag = False,
    output: Path = Path("shadow-report"),
    json: Json = False,
) -> int:
    """Forward traffic to the control, and mirror its requests to the candidate.

    Clients receive the control's bytes unchanged. A separate process mirrors each request after
    its response: a failing or slow candidate affects only the report. Reads are mirrored: GET,
    HEAD, and lookups with a body. Reading a score stores it: a candidate on the control's
    database writes the same rows as the control.

    The report is updated every few seconds, and when SIGTERM or Ctrl-C stops the proxy.

    For example:

        passport-scorer shadow proxy --control http://old:8000 --candidate http://new:8000
        --host 0.0.0.0 --port 8000 --sample 0.1 --rate 50

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
    require("report", "passport-scorer shadow")
    if writes and not candidate_has_its_own_database:
        raise NotConfirmed(
            "--writes makes the candidate store, change and delete stamps, too: confirm with"
            " --candidate-has-its-own-database that it does not use the control's database."
        )
    if writes and (sample < 1 or rate is not None):
        raise InvalidOption("--writes mirrors every write: omit --sample and --rate.")
    check_positive(sample=sample, rate=rate, queue=queue, concurrency=concurrency, timeout=timeout)
    rulebook = read_rulebook(rules)
    prepare_folder(output)
    upstream = upstream_of(control)
    target = Target(
        checked_url(candidate, "--candidate"),
        headers=headers_of(candidate_header),
        timeout=timeout,
        connections=concurrency or (1 if writes else 8),
    )
    metadata = ReportMetadata(
        title="Shadow proxy", control=control, candidate=candidate, source="live traffic"
    )
    counts = Counts()
    mirror = functools.partial(
        _mirror,
        target,
        metadata,
        rulebook,
        output,
        counts,
        concurrency or (1 if writes else 8),
        json=json,
    )
    endpoints = Endpoints(rulebook.endpoints)

    def wanted(method: str, path: str) -> bool:
        return writes or is_read(method, endpoints.name(method, path), rulebook.reads)

    limits = MirrorLimits(sample=sample, rate=rate, queue=queue * 1024 * 1024)
    mirror_queue = MirrorQueue(limits, wanted, counts)
    with listen(host, port) as listener:
        shown = f"{host}:{listener.getsockname()[1]}"
        print(f"Listening on {shown}; forwarding to {control}.", file=sys.stderr, flush=True)
        if writes:
            print("Mirroring writes: the candidate's database will change.", file=sys.stderr)
        return run_proxy(listener, upstream, mirror_queue, mirror)


def _mirror(
    target: Target,
    metadata: ReportMetadata,
    rulebook: Rulebook,
    output: Path,
    counts: Counts,
    concurrency: int,
    exchanges: socket.socket,
    *,
    json: bool,
) -> int:
    """Run the mirror process: repeat requests, compare, and write the report."""
    tally = Tally(began=time.time())
    started = time.monotonic()

    worker = MirrorWorker(exchanges, target, Recorder(rulebook, tally), concurrency)

    def take_counts() -> None:
        tally.busy = time.monotonic() - started
        tally.notes.update(counts.read())

    def save() -> None:
        take_counts()
        write_report(output, metadata, tally, judge(tally, rulebook))

    display = LiveDisplay(metadata, tally, rulebook, save)

    async def run() -> None:
        async with target:
            await worker.run()

    asyncio.run(run_with_display(run(), display))
    take_counts()
    if unsent := tally.notes.get(MIRRORED, 0) - worker.taken:
        tally.note(UNSENT, unsent)
    return finish_report(output, metadata, tally, rulebook, json=json)
