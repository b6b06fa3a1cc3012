"""The live display of a comparison, and the report at its end."""

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
from passport_scorer.tools.shadow.report.metadata import ReportMetadata
from passport_scorer.tools.shadow.report.terminal import summary
from passport_scorer.tools.shadow.report.writer import write_report
from passport_scorer.tools.shadow.tally import Tally
from passport_scorer.tools.shadow.verdict import judge

_INTERRUPTED = 130
_WIDE = 140  # columns, if the output is not a terminal
_SHOW_SECONDS = 0.5
_LINE_SECONDS = 10.0
_SAVE_SECONDS = 5.0


class LiveDisplay:
    """Shows the results so far: live on a terminal, otherwise as a line every few seconds.

    Args:
        metadata: what is compared.
        tally: the results, which grow.
        rulebook: the rules.
        save: called every few seconds to save the results.
    """

    def __init__(
        self, metadata: ReportMetadata, tally: Tally, rulebook: Rulebook, save: Callable[[], None]
    ) -> None:
        self._metadata = metadata
        self._tally = tally
        self._rulebook = rulebook
        self._save = save
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
        """Record the share that is done, 0 to 1."""
        self._share = share

    _share = 0.0

    async def run(self) -> None:
        """Show and save until canceled."""
        if self._console.is_terminal:
            with Live(self._view(), console=self._console, transient=True) as live:
                await self._repeat(_SHOW_SECONDS, lambda: live.update(self._view()))
        else:
            await self._repeat(_LINE_SECONDS, self._print_line)

    async def _repeat(self, seconds: float, show: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        shown = saved = loop.time()
        while True:
            await asyncio.sleep(min(seconds, _SAVE_SECONDS))
            if loop.time() - shown >= seconds:
                shown = loop.time()
                show()
            if loop.time() - saved >= _SAVE_SECONDS:
                saved = loop.time()
                self._save()

    def _view(self) -> RenderableType:
        self._bar.update(
            self._task,
            completed=self._share,
            done=f"{number(self._tally.compared)} {self._metadata.unit}",
        )
        verdict = judge(self._tally, self._rulebook)
        return Group(summary(self._metadata, self._tally, verdict, whole=False), self._bar)

    def _print_line(self) -> None:
        tally = self._tally
        print(
            f"{100 * self._share:.1f} %: {tally.compared} {self._metadata.unit} compared,"
            f" {tally.different} differ",
            file=sys.stderr,
            flush=True,
        )


async def run_with_display(work: Coroutine[None, None, None], display: LiveDisplay) -> None:
    """Run a coroutine, and the display during it."""
    shown = asyncio.create_task(display.run())
    try:
        await work
    finally:
        shown.cancel()
        (ended,) = await asyncio.gather(shown, return_exceptions=True)
    if isinstance(ended, Exception):
        raise ended


def finish_report(
    folder: Path, metadata: ReportMetadata, tally: Tally, rulebook: Rulebook, *, json: bool = False
) -> int:
    """Write the report, print the summary or the JSON, and return the exit status."""
    verdict = judge(tally, rulebook)
    write_report(folder, metadata, tally, verdict)
    if json:
        print((folder / "report.json").read_text("utf-8"))
    else:
        console = Console(width=min(line_width(), _WIDE))
        console.print(summary(metadata, tally, verdict, whole=True))
        print(f"{folder / 'report.html'}")
    if verdict.unexplained or not verdict.compared:
        return Status.FOUND
    return Status.FINE if metadata.complete else _INTERRUPTED


@contextmanager
def stop_on_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on the first SIGINT or SIGTERM; the second one interrupts immediately."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def first() -> None:
        for each in signals:
            loop.remove_signal_handler(each)
        print("Stopping: waiting for requests in flight.", file=sys.stderr)
        stop()

    for each in signals:
        loop.add_signal_handler(each, first)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)
