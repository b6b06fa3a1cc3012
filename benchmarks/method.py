"""The text of the report that says how it was measured."""

from benchmarks.environment import CACHE_SETTING
from benchmarks.parameters import HOW_MANY

METHOD = f"""\
- Service, PostgreSQL and load generator share the same cores.
- PostgreSQL has been running for a while: the files of its write-ahead log exist, and no checkpoint
  happens during a measurement.
- Every address has been scored before, and tables are vacuumed and analyzed, unless stated
  otherwise. *Warm*: before a measurement, addresses are requested until each worker has cached all
  but one in two hundred. *Caches off*: nothing is cached from one request to the next
  (`{CACHE_SETTING}=0`).
- Contenders are measured in turn, round after round, each after a warm-up under the same load.
  Ratios are computed within a round, and the median of the rounds counts. One failed request fails
  the run.
- Connections send the next request, for a random address, as soon as they have a response. wrk
  corrects latencies for requests that a stalled connection delayed (coordinated omission); pgbench
  does not.
- *The database alone* is pgbench (`--protocol=prepared`) with the {HOW_MANY} of a warm request;
  parameters were captured from the service, and come from a table instead of the network.
  Before the measurement, plans are compared; after it, scores and events are counted. The service
  does more: it also writes a row of usage analytics for each request.
- *The sequential design* (`benchmarks/sequential.py`) returns the same responses, which is checked,
  with the same libraries, rules and indexes, and one worker per core. It makes 26 round trips one
  after another, writes stamps and links even if nothing has changed, and verifies every signature
  each time. It works on a copy of the database, since it replaces rows that the service caches.
- *Addresses never scored* have stamps, but no passport, score, event, registered stamps or links.
  Both designs get a new process and a new copy of one database for each measurement. After a second
  with other addresses, each address is requested at most once, in order.
- *A young database*: tables were made, accounts, communities and stamps stored, and nothing has
  been scored. There are no statistics, and autovacuum, which would collect some after a minute or
  so, is off. A new process gets requests for 2,000 addresses in order, again and again, and nothing
  warms it up. The *same load on an old database* has as many addresses that were never scored, in a
  vacuumed and analyzed database of 10,000. The first second does not count.
- PostgreSQL's CPU per request relative to the sequential design has as its target 0.65 of what it
  was when a warm request took two statements, a read and a write.

## How to repeat it

`make bench` takes 25 minutes. `.venv/bin/python -m benchmarks --large --soak 1000000` takes an hour
and 25 GB of disk; it also measures 100,000 and a million addresses, up to eight processes behind
PgBouncer (if it is installed), and the memory after a million requests. Both write this page.
`--quick` is a rehearsal of three minutes; see `--help` for all options. Signed stamps are kept in
`.passport-scorer/benchmarks`."""
