"""The garbage collector of a process that serves: rare, and in short pauses.

Requests leave no garbage to it: only what is in cycles, such as some errors and connections, has to
be collected. It runs when many more objects have been made than freed, which is while caches fill;
its pauses are as long as what it looks at, so that each generation is small.
"""

from __future__ import annotations

import gc

# 32 requests in flight have fewer objects than the first generation: they never cause a collection.
# It is full after some 200 new addresses, and collecting it takes 2 ms. Every fourth collection
# includes the second generation, and every 160th everything: up to two million objects can be
# garbage that has become old.
_THRESHOLDS = (10_000, 2, 40)


def collect_in_short_pauses() -> None:
    """Set up the collector, after everything was imported and before the process serves."""
    gc.freeze()  # everything loaded so far stays loaded
    gc.set_threshold(*_THRESHOLDS)
