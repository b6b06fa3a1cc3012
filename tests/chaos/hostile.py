"""A process that holds hostile connections open until it is killed.

`python -m tests.chaos.hostile KIND COUNT PORT ADDRESS`. It is separate so that the cost of the
attack does not delay the measured requests.
"""

from __future__ import annotations

import resource
import sys

import uvloop

from tests.chaos.client import HOST
from tests.chaos.hostile_connections import Target, attack
from tests.chaos.workload import access_token

_LONGEST_SECONDS = 600  # unless it is killed


def main(kind: str, count: str, port: str, address: str) -> None:
    """Attack until the process is killed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    token = access_token(address).removeprefix("Authorization: Bearer ")
    uvloop.run(attack(Target(HOST, int(port), token), kind, int(count), _LONGEST_SECONDS))


if __name__ == "__main__":
    main(*sys.argv[1:])
