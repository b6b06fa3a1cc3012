"""All scenarios, in the order in which they run."""

from __future__ import annotations

from collections.abc import Sequence

from tests.chaos.abuse import ABUSE
from tests.chaos.connections import CONNECTIONS
from tests.chaos.failover import FAILOVER
from tests.chaos.frozen import FROZEN
from tests.chaos.kills import KILLS_OF_PROCESSES
from tests.chaos.locked_rows import LOCKED_ROWS
from tests.chaos.poison import POISON
from tests.chaos.racing import RACING
from tests.chaos.result import Scenario
from tests.chaos.rolling import ROLLING

SCENARIOS: Sequence[Scenario] = (
    RACING,
    KILLS_OF_PROCESSES,
    ROLLING,
    POISON,
    LOCKED_ROWS,
    FROZEN,
    FAILOVER,
    CONNECTIONS,
    ABUSE,
)
