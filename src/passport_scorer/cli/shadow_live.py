"""What a comparison shows while it runs, and what it leaves when it ends."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from passport_scorer.cli.errors import Status
from passport_scorer.cli.output import line_width
from passport_scorer.tools.shadow.comparison.rules import Rulebook
from passport_scorer.tools.shadow.report.formatting import number
from passport_scorer.tools.shadow.report.metadata import About
from passport_scorer.tools.shadow.report.terminal import summary
from passport_scorer.tools.shadow.report.writer import write_report
from passport_scorer.tools.shadow.tally import Tally
from passport_scorer.tools.shadow.verdict import verdict_on

_INTERRUPTED = 130
_WIDE = 140  # columns of what isn't a terminal
_SHOW_SECONDS = 0.5
_LINE_SECONDS = 10.0
_KEEP_SECONDS = 5.0


class Showing:
    """Shows a tally as it grows: on a terminal in place, elsewhere a line now and then.

    Args:
        about: what is compared.
        tally: what was seen.
        rulebook: what is expected.
        keep: called every few seconds, to save what there is.
    """

    def __init__(
        self, about: About, tally: Tally, rulebook: Rulebook, keep: Callable[[], None]
    ) -> None:
        self._about = about
        self._tally = tally
        self._rulebook = rulebook
        self._keep = keep
        self._console = Console(stderr=True)
        self._bar = Progress(
            BarColumn(bar_width=40),
            TextColumn("{task.percentage:>5.1f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[done]}"),
            console=self._console,
        )
        self._task = self._bar.add_task("", total=1.0, done="")

    def progress(self, share: float) -> None:
        """Take note how much is done, 0 to 1."""
        self._share = share

    _share = 0.0

    async def run(self) -> None:
        """Show and keep until cancelled."""
        if self._console.is_terminal:
            with Live(self._view(), console=self._console, transient=True) as live:
                await self._repeat(_SHOW_SECONDS, lambda: live.update(self._view()))
        else:
            await self._repeat(_LINE_SECONDS, self._print_line)

    async def _repeat(self, seconds: float, show: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        shown = kept = loop.time()
        while True:
            await asyncio.sleep(min(seconds, _KEEP_SECONDS))
            if loop.time() - shown >= seconds:
                shown = loop.time()
                show()
            if loop.time() - kept >= _KEEP_SECONDS:
                kept = loop.time()
                self._keep()

    def _view(self) -> RenderableType:
        self._bar.update(
            self._task,
            completed=self._share,
            done=f"{number(self._tally.compared)} {self._about.unit}",
        )
        verdict = verdict_on(self._tally, self._rulebook)
        return Group(summary(self._about, self._tally, verdict, whole=False), self._bar)

    def _print_line(self) -> None:
        tally = self._tally
        print(
            f"{100 * self._share:.1f} %: {tally.compared} {self._about.unit} compared,"
            f" {tally.different} differ",
            file=sys.stderr,
            flush=True,
        )


async def shown_while(work: Coroutine[None, None, None], showing: Showing) -> None:
    """Do something, and show how far it is meanwhile."""
    shown = asyncio.create_task(showing.run())
    try:
        await work
    finally:
        shown.cancel()
        (ended,) = await asyncio.gather(shown, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended


def leave_report(
    folder: Path, about: About, tally: Tally, rulebook: Rulebook, *, json: bool = False
) -> int:
    """Write the report's files, print the summary or the report, and return the exit status."""
    verdict = verdict_on(tally, rulebook)
    write_report(folder, about, tally, verdict)
    if json:
        print((folder / "report.json").read_text("utf-8"))
    else:
        console = Console(width=min(line_width(), _WIDE))
        console.print(summary(about, tally, verdict, whole=True))
        print(f"{folder / 'report.html'}")
    if verdict.unexplained or not verdict.compared:
        return Status.FOUND
    return Status.FINE if about.complete else _INTERRUPTED


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first SIGINT or SIGTERM; the second one interrupts at once."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def first() -> None:
        for each in signals:
            loop.remove_signal_handler(each)
        print("Stopping: what is under way gets its answer.", file=sys.stderr)
        stop()

    for each in signals:
        loop.add_signal_handler(each, first)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)
