"""A process that serves collects garbage in cycles rarely, but before there is much of it."""

import subprocess
import sys

import pytest

# Prints the most objects that were alive at any time. Those in the window are in use.
_MAKE_CYCLES = """
import sys
from collections import deque

from passport_scorer.cli.garbage_collection import collect_in_short_pauses

class InCycle:
    alive = 0

    def __init__(self):
        self.itself = self
        InCycle.alive += 1

    def __del__(self):
        InCycle.alive -= 1

count, window = map(int, sys.argv[1:])
collect_in_short_pauses()
used, most = deque(maxlen=window), 0
for _ in range(count):
    used.append(InCycle())
    most = max(most, InCycle.alive)
print(most)
"""


def most_alive(count: int, window: int) -> int:
    """Return how many of `count` cycles were in memory, of which the last `window` were in use."""
    command = [sys.executable, "-c", _MAKE_CYCLES, str(count), str(window)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.parametrize(
    ("count", "window", "bound"),
    [
        pytest.param(100_000, 1, 15_000, id="young"),
        pytest.param(2_200_000, 40_000, 2_000_000, id="old"),  # outlives the young generations
    ],
)
def test_garbage_is_bounded(count: int, window: int, bound: int) -> None:
    """A part of all cycles is in memory at any time, also of those that became garbage late."""
    assert window <= most_alive(count, window) <= bound
