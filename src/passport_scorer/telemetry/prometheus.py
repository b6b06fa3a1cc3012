"""Metrics for Prometheus. The client library is imported on first use.

A single process keeps its values in memory. Several workers keep them in files in a folder of
their own, one set per worker slot; the worker that is scraped sums them. A worker that replaces a
dead one continues its counters, so that no counter ever decreases, and resets its gauges. The
files have their full length from the start: the client maps them into memory, and on a full disk a
page that is not allocated yet would kill the process.

The folder is locked (flock) by the parent and the workers, which inherit the lock, so that the next
service to start can tell folders in use from those that killed services have left behind. Process
ids are not suitable: they are reused, and differ between containers that share a folder.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from passport_scorer import version
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.telemetry.metric_types import PREFIX, Metric
from passport_scorer.telemetry.metrics import ALL, BUILD_INFO

_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the client's own variable
_NOW = "gauge_livesum"
_FILES = {"counter": 2**20, "histogram": 2**20, _NOW: 2**16, "gauge_max": 2**16}  # bytes
_FEW = 100  # values
_NAME = "passport-scorer-metrics-"


class NoSharedFolder(PassportScorerError):
    """Workers need a temporary folder to share their metrics."""

    code = "no_shared_folder"


class PrometheusMetrics:
    """Records metrics for `/metrics`.

    Args:
        folder: the shared folder of several workers; None for a single process.
        slot: the worker slot of this process.
    """

    def __init__(self, folder: str | None = None, slot: int = 0) -> None:
        self._folder = folder
        if folder is not None:
            _share(folder, slot)
        from prometheus_client import CollectorRegistry, disable_created_metrics

        # They would double the size of a scrape.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._families = {metric.name: _family(metric, self._registry) for metric in ALL}
        self._children: dict[tuple[str, tuple[str, ...]], Any] = {}
        self._observed: list[tuple[Any, float]] = []
        self.set(BUILD_INFO, 1, version(), platform.python_version())

    def add(self, metric: Metric, amount: float = 1, *labels: str) -> None:
        """Add to a counter or a gauge."""
        self._child(metric, labels).inc(amount)

    def set(self, metric: Metric, value: float, *labels: str) -> None:
        """Set a gauge."""
        self._child(metric, labels).set(value)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Observe a value of a histogram, buffered until the next scrape.

        This is called more often than almost anything else, and batches take half the time.
        """
        self._observed.append((self._child(metric, labels), value))
        if self._folder is not None or len(self._observed) >= _FEW:  # other workers read the files
            self._add_observed()

    def render(self) -> bytes:
        """Return the values of all workers, in Prometheus' text format."""
        self._add_observed()
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        if self._folder is None:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, self._folder)  # type: ignore[no-untyped-call]
        return generate_latest(together)

    def _add_observed(self) -> None:
        observed, self._observed = self._observed, []
        for child, value in observed:
            child.observe(value)

    def _child(self, metric: Metric, labels: tuple[str, ...]) -> Any:
        key = (metric.name, labels)
        child = self._children.get(key)
        if child is None:
            family = self._families[metric.name]
            child = self._children[key] = family.labels(*labels) if labels else family
        return child


@contextmanager
def shared_folder(workers: int) -> Iterator[str]:
    """Yield a folder for the values of several workers. Enter it before forking them.

    Removes the folders of services that were killed.

    Raises:
        NoSharedFolder: no temporary folder is writable, or the disk is full.
    """
    try:
        place = Path(tempfile.gettempdir())
        _remove_abandoned(place)
        folder = _locked_folder(place)
    except OSError as error:
        raise _no_folder(workers, error) from None
    with closing(folder):
        try:
            for number in range(workers):
                for kind, size in _FILES.items():
                    _file(folder.path, kind, number).write_bytes(bytes(size))
        except OSError as error:
            raise _no_folder(workers, error) from None
        yield folder.path


class _Folder:
    """An open folder; never follows a symbolic link. Raises OSError."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)

    def lock(self) -> bool:
        """Lock it for this process and its children; return False if another process has."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def remove(self) -> None:
        """Remove it with its content, as far as permissions allow."""
        shutil.rmtree(self.path, ignore_errors=True)

    def close(self) -> None:
        """Close it. It stays locked until every process that inherited the lock closes it."""
        os.close(self._descriptor)


def _locked_folder(place: Path) -> _Folder:
    """Create and lock a folder; in between, another service could remove it as abandoned."""
    while True:
        folder = _OwnFolder(tempfile.mkdtemp(prefix=_NAME, dir=place))
        try:
            if folder.lock() and Path(folder.path).is_dir():
                return folder
        except OSError:  # a file system without locks, where no folder counts as abandoned
            return folder
        folder.close()


class _OwnFolder(_Folder):
    def close(self) -> None:
        """Remove and unlock it."""
        self.remove()
        super().close()


def _remove_abandoned(place: Path) -> None:
    """Remove the folders of services that were killed, which are no longer locked."""
    for path in place.glob(f"{_NAME}*"):
        with suppress(OSError), closing(_Folder(str(path))) as folder:
            if folder.lock():  # only one of several starting services gets the lock
                folder.remove()


def _no_folder(workers: int, error: OSError) -> NoSharedFolder:
    megabytes = -(-workers * sum(_FILES.values()) // 2**20)
    return NoSharedFolder(
        f"Several workers with an internal listener share their metrics in {megabytes} MB of the"
        f" temporary folder (TMPDIR), which can't be used: {error.strerror}."
    )


def _file(folder: str, kind: str, slot: int) -> Path:
    """Return the file in which the client keeps the values of a kind."""
    return Path(folder, f"{kind}_{slot}.db")


def _share(folder: str, slot: int) -> None:
    """Make the client keep values in files. It is configured by the environment only."""
    os.environ[_FOLDER] = folder
    from prometheus_client import values

    values.ValueClass = values.MultiProcessValue(lambda: slot)  # type: ignore[no-untyped-call]
    with _file(folder, _NOW, slot).open(
        "r+b"
    ) as now:  # zeroed, not recreated: its space is allocated
        now.write(bytes(os.fstat(now.fileno()).st_size))


def _family(metric: Metric, registry: Any) -> Any:
    from prometheus_client import Counter, Gauge, Histogram

    arguments: dict[str, Any] = {
        "name": PREFIX + metric.name,
        "documentation": metric.description,
        "labelnames": metric.labels,
        "registry": registry,
    }
    match metric.kind:
        case "counter":
            return Counter(**arguments)
        case "gauge":
            return Gauge(**arguments, multiprocess_mode=metric.across)
        case "histogram":
            return Histogram(**arguments, buckets=metric.buckets)
