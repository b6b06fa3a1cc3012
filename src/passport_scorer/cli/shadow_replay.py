"""`passport-scorer shadow replay`: send a recorded log to both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal

import msgspec

from passport_scorer.cli.errors import one_line
from passport_scorer.cli.extras import import_from_extra
from passport_scorer.cli.output import Json
from passport_scorer.cli.shadow_live import (
    Showing,
    leave_report,
    shown_while,
    stopping,
)
from passport_scorer.cli.shadow_options import (
    Flag,
    NotConfirmed,
    Texts,
    check_positive,
    checked_or_none,
    headers_of,
)
from passport_scorer.tools.shadow import state_file
from passport_scorer.tools.shadow.comparison.rules import Rulebook
from passport_scorer.tools.shadow.http_client import Target, checked_url
from passport_scorer.tools.shadow.logs.parser import Log
from passport_scorer.tools.shadow.recorder import Recorder
from passport_scorer.tools.shadow.replay import Replay, State
from passport_scorer.tools.shadow.report.metadata import About
from passport_scorer.tools.shadow.report.writer import prepare
from passport_scorer.tools.shadow.rules import read_rulebook

LogFormat = Literal["own", "access-log", "load-balancer", "common-log", "envoy", "request-log"]


@one_line
def replay(
    log: Path,
    /,
    *,
    candidate: str,
    control: str | None = None,
    candidate_internal: str | None = None,
    control_internal: str | None = None,
    format: LogFormat | None = None,  # noqa: A002
    rate: float | None = None,
    concurrency: int | None = None,
    timeout: float = 30.0,
    rules: Texts = (),
    header: Texts = (),
    candidate_header: Texts = (),
    writes: Flag = False,
    databases_are_copies: Flag = False,
    output: Path = Path("shadow-report"),
    resume: Flag = False,
    json: Json = False,
) -> int:
    """Send a recorded log to both, and compare; without --control, compare with what it recorded.

    The log is read line by line and may have any size. Only reads are sent: GET, HEAD, and
    lookups with a body (check-bans, check-revocations). A read of a score stores that score:
    a candidate on the control's database writes what the control writes.

    Ctrl-C ends it with a report on what was compared so far; --resume goes on from there.

    For example:

        passport-scorer shadow replay requests.jsonl --candidate http://new:8000

        passport-scorer shadow replay access.log.gz --control http://old:8000
        --candidate http://new:8000 --header X-API-Key=SHADOW_KEY --rate 50

    Parameters
    ----------
    log
        A file of JSON lines, or an access log, plain or gzip.
    candidate
        URL of the deployment in question.
    control
        URL of the one that serves today.
    candidate_internal
        Where the candidate serves /internal/*, if that is another listener.
    control_internal
        The same for the control.
    format
        What the log is; by default as its first line that is a request looks.
    rate
        Requests per second at most.
    concurrency
        Requests under way at once; 8 by default, and 1 with --writes, whose order counts.
    timeout
        Seconds that an answer may take.
    rules
        More rules: a file, existing-deployment or copied-database. May be given several times.
    header
        A header for every request as NAME=VARIABLE; its value comes from the environment,
        where no list of processes shows it. May be given several times.
    candidate_header
        The same for the candidate alone, such as the routing header.
    writes
        Send writes, too. Needs --databases-are-copies.
    databases_are_copies
        Confirm that neither database is the one that serves today.
    output
        Folder of the report and of the state.
    resume
        Go on with the replay in that folder.
    """
    import_from_extra("jinja2", "report")
    if writes and not databases_are_copies:
        raise NotConfirmed(
            "--writes stores, changes and deletes stamps in the databases of all deployments"
            " named; confirm with --databases-are-copies that none of them is the live one."
        )
    check_positive(rate=rate, concurrency=concurrency, timeout=timeout)
    rulebook = read_rulebook(rules)
    lines = Log(log, format)
    prepare(output)
    state = state_file.resume(output, log) if resume else state_file.begin(log)
    recorder = Recorder(rulebook, state.tally)
    connections = concurrency or (1 if writes else 8)
    common = headers_of(header)
    candidate_target = Target(
        checked_url(candidate, "--candidate"),
        internal_url=checked_or_none(candidate_internal, "--candidate-internal"),
        headers=(*common, *headers_of(candidate_header)),
        timeout=timeout,
        connections=connections,
    )
    control_target = control and Target(
        checked_url(control, "--control"),
        internal_url=checked_or_none(control_internal, "--control-internal"),
        headers=common,
        timeout=timeout,
        connections=connections,
    )
    about = About(
        title="Shadow replay",
        control=control or "the recorded answers",
        candidate=candidate,
        source=str(log.name),
    )

    async def run(showing: Showing) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(candidate_target)
            if control_target:
                await stack.enter_async_context(control_target)
            replaying = Replay(
                lines,
                control_target or None,
                candidate_target,
                recorder,
                state,
                rate=rate,
                concurrency=connections,
                writes=writes,
                progress=showing.progress,
            )
            with stopping(replaying.stop):
                await replaying.run()

    return _replayed(run, about, state, rulebook, output, json=json)


def _replayed(
    run: Callable[[Showing], Coroutine[None, None, None]],
    about: About,
    state: State,
    rulebook: Rulebook,
    output: Path,
    *,
    json: bool,
) -> int:
    showing = Showing(about, state.tally, rulebook, lambda: state_file.keep(output, state))

    try:
        asyncio.run(shown_while(run(showing), showing))
    finally:
        state_file.keep(output, state)
    finished = msgspec.structs.replace(about, complete=state.complete)
    return leave_report(output, finished, state.tally, rulebook, json=json)
