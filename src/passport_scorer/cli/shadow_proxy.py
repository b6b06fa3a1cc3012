"""`passport-scorer shadow proxy`: stand in front of the control."""

from __future__ import annotations

import asyncio
import functools
import socket
import sys
import time
from pathlib import Path

from passport_scorer.cli.errors import one_line
from passport_scorer.cli.extras import import_from_extra
from passport_scorer.cli.output import Json
from passport_scorer.cli.shadow_live import (
    Showing,
    leave_report,
    shown_while,
)
from passport_scorer.cli.shadow_options import (
    Flag,
    InvalidOption,
    NotConfirmed,
    Texts,
    check_positive,
    headers_of,
)
from passport_scorer.server.sockets import listen
from passport_scorer.tools.shadow.comparison.endpoints import Endpoints
from passport_scorer.tools.shadow.comparison.rules import Rulebook
from passport_scorer.tools.shadow.exchanges import is_read
from passport_scorer.tools.shadow.http_client import Target, checked_url
from passport_scorer.tools.shadow.proxy.counts import PUT, STILL_WAITING, Counts
from passport_scorer.tools.shadow.proxy.mirror_queue import Limits, Outbox
from passport_scorer.tools.shadow.proxy.mirror_worker import Watcher
from passport_scorer.tools.shadow.proxy.running import run_proxy
from passport_scorer.tools.shadow.proxy.tcp_proxy import upstream_of
from passport_scorer.tools.shadow.recorder import Recorder
from passport_scorer.tools.shadow.report.metadata import About
from passport_scorer.tools.shadow.report.writer import prepare, write_report
from passport_scorer.tools.shadow.rules import read_rulebook
from passport_scorer.tools.shadow.tally import Tally
from passport_scorer.tools.shadow.verdict import verdict_on


@one_line
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
    """Stand in front of the control, and show the candidate a copy of what clients ask.

    Clients get the control's bytes as they come. Another process sends the copies, afterwards;
    a candidate that is dead, slow or broken shows in the report alone. Reads are copied: GET,
    HEAD, and lookups with a body. A read of a score stores that score: a candidate on the
    control's database writes what the control writes.

    The report is written every few seconds, and when SIGTERM or Ctrl-C ends the proxy.

    For example:

        passport-scorer shadow proxy --control http://old:8000 --candidate http://new:8000
        --host 0.0.0.0 --port 8000 --sample 0.1 --rate 50

    Parameters
    ----------
    control
        URL of the deployment that serves today, without a path.
    candidate
        URL of the one in question.
    host
        Address to listen on.
    port
        Port to listen on; 0 takes a free one.
    sample
        Share of the reads that is copied, 0 to 1.
    rate
        Copies per second at most.
    queue
        Megabytes of copies that may wait; more are dropped, and counted.
    concurrency
        Copies under way at once; 8 by default, and 1 with --writes, whose order counts.
    timeout
        Seconds that the candidate's answer may take.
    rules
        More rules: a file, existing-deployment or copied-database. May be given several times.
    candidate_header
        A header for every copy as NAME=VARIABLE, its value from the environment.
    writes
        Copy writes, too. Needs --candidate-has-its-own-database.
    candidate_has_its_own_database
        Confirm that what the candidate writes doesn't touch the control's database.
    output
        Folder of the report.
    """
    import_from_extra("jinja2", "report")
    if writes and not candidate_has_its_own_database:
        raise NotConfirmed(
            "--writes makes the candidate store, change and delete stamps as well; confirm with"
            " --candidate-has-its-own-database that it doesn't do so in the control's."
        )
    if writes and (sample < 1 or rate is not None):
        raise InvalidOption("--writes needs every write: without --sample and --rate.")
    check_positive(sample=sample, rate=rate, queue=queue, concurrency=concurrency, timeout=timeout)
    rulebook = read_rulebook(rules)
    prepare(output)
    upstream = upstream_of(control)
    target = Target(
        checked_url(candidate, "--candidate"),
        headers=headers_of(candidate_header),
        timeout=timeout,
        connections=concurrency or (1 if writes else 8),
    )
    about = About(title="Shadow proxy", control=control, candidate=candidate, source="clients")
    counts = Counts()
    watching = functools.partial(
        _watch,
        target,
        about,
        rulebook,
        output,
        counts,
        concurrency or (1 if writes else 8),
        json=json,
    )
    endpoints = Endpoints(rulebook.endpoints)

    def wanted(method: str, path: str) -> bool:
        return writes or is_read(method, endpoints.name(method, path), rulebook.reads)

    limits = Limits(sample=sample, rate=rate, queue=queue * 1024 * 1024)
    outbox = Outbox(limits, wanted, counts)
    with listen(host, port) as listener:
        shown = f"{host}:{listener.getsockname()[1]}"
        print(f"Listening on {shown}; the control is {control}.", file=sys.stderr, flush=True)
        if writes:
            print("Writes are copied: the candidate's database changes.", file=sys.stderr)
        return run_proxy(listener, upstream, outbox, watching)


def _watch(
    target: Target,
    about: About,
    rulebook: Rulebook,
    output: Path,
    counts: Counts,
    concurrency: int,
    copies: socket.socket,
    *,
    json: bool,
) -> int:
    """What the watching process does."""
    tally = Tally(began=time.time())
    started = time.monotonic()

    watcher = Watcher(copies, target, Recorder(rulebook, tally), concurrency)

    def take_counts() -> None:
        tally.busy = time.monotonic() - started
        tally.notes.update(counts.read())

    def keep() -> None:
        take_counts()
        write_report(output, about, tally, verdict_on(tally, rulebook))

    showing = Showing(about, tally, rulebook, keep)

    async def run() -> None:
        async with target:
            await watcher.run()

    asyncio.run(shown_while(run(), showing))
    take_counts()
    if waiting := tally.notes.get(PUT, 0) - watcher.taken:
        tally.note(STILL_WAITING, waiting)
    return leave_report(output, about, tally, rulebook, json=json)
