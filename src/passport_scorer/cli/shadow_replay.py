"""`passport-scorer shadow replay`: replay a recorded log against both deployments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec
from cyclopts import Parameter

from passport_scorer.cli.confirmation import NotConfirmed
from passport_scorer.cli.output import Json
from passport_scorer.cli.shadow_live import (
    LiveDisplay,
    finish_report,
    run_with_display,
    stop_on_signal,
)
from passport_scorer.cli.shadow_options import (
    Flag,
    Texts,
    check_positive,
    checked_optional_url,
    headers_of,
)
from passport_scorer.extras import require
from passport_scorer.tools.shadow import state_file
from passport_scorer.tools.shadow.http_client import Target, checked_url
from passport_scorer.tools.shadow.logs.parser import LogReader
from passport_scorer.tools.shadow.recorder import Recorder
from passport_scorer.tools.shadow.replay import Replay, State
from passport_scorer.tools.shadow.report.metadata import ReportMetadata
from passport_scorer.tools.shadow.report.writer import prepare_folder
from passport_scorer.tools.shadow.rules import read_rulebook

LogFormat = Literal["jsonl", "access-log", "load-balancer", "common-log", "envoy", "request-log"]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    """The options of a replay.

    Parameters
    ----------
    candidate
        URL of the deployment under test.
    control
        URL of the deployment in production.
    candidate_internal
        URL of the candidate's internal listener, if /internal/* has its own.
    control_internal
        The same for the control.
    format
        Format of the log; detected from its first request by default.
    rate
        Maximum number of requests per second.
    concurrency
        Maximum number of requests in flight. Default: 8, or 1 with --writes to preserve their
        order.
    timeout
        Seconds to wait for a response.
    rules
        Additional rules: a file, existing-deployment or copied-database. Can be repeated.
    header
        A header to add to every request, as NAME=VARIABLE: its value is read from an environment
        variable, so that process listings do not show it. Can be repeated.
    candidate_header
        The same for the candidate only, such as the routing header.
    writes
        Send writes, too. Requires --databases-are-copies.
    databases_are_copies
        Confirm that neither database is in production use.
    output
        Folder for the report and the state.
    resume
        Resume the replay in that folder.
    """

    candidate: str
    control: str | None = None
    candidate_internal: str | None = None
    control_internal: str | None = None
    format: LogFormat | None = None
    rate: float | None = None
    concurrency: int | None = None
    timeout: float = 30.0
    rules: Texts = ()
    header: Texts = ()
    candidate_header: Texts = ()
    writes: Flag = False
    databases_are_copies: Flag = False
    output: Path = Path("shadow-report")
    resume: Flag = False

    @property
    def connections(self) -> int:
        """The maximum number of requests in flight: `concurrency`, or its default."""
        return self.concurrency or (1 if self.writes else 8)


def replay(log: Path, /, *, options: ReplayOptions, json: Json = False) -> int:
    """Replay a recorded log against both deployments, and compare their responses.

    Without --control the candidate is compared with the recorded responses. The log can have any
    size. Only reads are sent: GET, HEAD, and lookups with a body (check-bans, check-revocations).
    Reading a score stores it: a candidate on the control's database writes the same rows as the
    control.

    Ctrl-C stops the replay and writes the report so far; --resume continues.

    For example:

        passport-scorer shadow replay requests.jsonl --candidate http://new:8000

        passport-scorer shadow replay access.log.gz --control http://old:8000
        --candidate http://new:8000 --header X-API-Key=SHADOW_KEY --rate 50

    Parameters
    ----------
    log
        A JSON Lines file or an access log, plain or gzip.
    """
    require("report", "passport-scorer shadow")
    _check(options)
    rulebook = read_rulebook(options.rules)
    lines = LogReader(log, options.format)
    prepare_folder(options.output)
    state = state_file.resume(options.output, log) if options.resume else state_file.new_state(log)
    targets = _targets(options)
    metadata = ReportMetadata(
        title="Shadow replay",
        control=options.control or "recorded responses",
        candidate=options.candidate,
        source=str(log.name),
    )
    save = partial(state_file.save, options.output, state)
    display = LiveDisplay(metadata, state.tally, rulebook, save)
    recorder = Recorder(rulebook, state.tally)
    work = _replay(lines, targets, recorder, state, options, display.progress)
    try:
        asyncio.run(run_with_display(work, display))
    finally:
        save()
    finished = msgspec.structs.replace(metadata, complete=state.complete)
    return finish_report(options.output, finished, state.tally, rulebook, json=json)


def _check(options: ReplayOptions) -> None:
    if options.writes and not options.databases_are_copies:
        raise NotConfirmed(
            "--writes stores, changes and deletes stamps in the databases of both deployments:"
            " confirm with --databases-are-copies that neither is in production use."
        )
    check_positive(rate=options.rate, concurrency=options.concurrency, timeout=options.timeout)


def _targets(options: ReplayOptions) -> tuple[Target | None, Target]:
    """Return the control, None if responses were recorded, and the candidate."""
    common = headers_of(options.header)
    candidate = Target(
        checked_url(options.candidate, "--candidate"),
        internal_url=checked_optional_url(options.candidate_internal, "--candidate-internal"),
        headers=(*common, *headers_of(options.candidate_header)),
        timeout=options.timeout,
        connections=options.connections,
    )
    if not options.control:
        return None, candidate
    control = Target(
        checked_url(options.control, "--control"),
        internal_url=checked_optional_url(options.control_internal, "--control-internal"),
        headers=common,
        timeout=options.timeout,
        connections=options.connections,
    )
    return control, candidate


async def _replay(
    lines: LogReader,
    targets: tuple[Target | None, Target],
    recorder: Recorder,
    state: State,
    options: ReplayOptions,
    progress: Callable[[float], None],
) -> None:
    control, candidate = targets
    async with AsyncExitStack() as stack:
        for target in filter(None, (candidate, control)):
            await stack.enter_async_context(target)
        replaying = Replay(
            lines,
            control,
            candidate,
            recorder,
            state,
            rate=options.rate,
            concurrency=options.connections,
            writes=options.writes,
            progress=progress,
        )
        with stop_on_signal(replaying.stop):
            await replaying.run()
