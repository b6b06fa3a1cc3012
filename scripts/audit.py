"""Check the locked packages for known vulnerabilities; fail unless all could be looked up.

    python scripts/audit.py [--lock FILE]... [options of pip-audit]

pip-audit succeeds even if it cannot look anything up, as with a registry without advisories. Here
that is a failure: the advisory service must know each pinned version. Exit status: 0
if no vulnerability is known, 1 if one is, 2 if a version could not be audited.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# aws.lock has all of server.lock; runtime.lock also has the embedded PostgreSQL.
REQUIREMENTS = Path(__file__).parents[1] / "requirements"
LOCKS = tuple(REQUIREMENTS / f"{name}.lock" for name in ("aws", "build", "lambda", "runtime"))
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^ ;\\]+)( *;)?", re.MULTILINE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit the lock files, print the result, and return the exit status."""
    parser = argparse.ArgumentParser(description="Audit the lock files; options go to pip-audit.")
    parser.add_argument("--lock", type=Path, action="append", help="instead of those shipped")
    known, options = parser.parse_known_args(arguments)
    locks = known.lock or LOCKS
    done = _pip_audit(locks, options)
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        # It stops at the first version that cannot be looked up; the end of its output names it.
        reason = (done.stderr.strip() or "pip-audit said nothing").splitlines()[-1]
        return _not_audited(reason.rpartition("pip_audit._cli:")[2])
    audited = {_canonical(each["name"]) for each in dependencies if "skip_reason" not in each}
    if missing := sorted(_pinned(locks) - audited):
        return _not_audited(", ".join(missing))
    if not audited:
        return _not_audited("no version is pinned")
    return _report(dependencies, len(audited))


def _pip_audit(locks: Sequence[Path], options: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip_audit", "--strict", "--require-hashes", "--disable-pip"]
    command += ["--progress-spinner", "off", "--format", "json"]
    for lock in locks:
        command += ["--requirement", str(lock)]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def _pinned(locks: Sequence[Path]) -> set[str]:
    """Return the names of packages that are pinned for every platform and Python."""
    return {
        _canonical(name)
        for lock in locks
        for name, _, condition in _PINNED.findall(lock.read_text("utf-8"))
        if not condition
    }


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _not_audited(reason: str) -> int:
    print(f"audit: not everything could be audited, which is a failure: {reason}", file=sys.stderr)
    return 2


def _report(dependencies: Sequence[dict[str, Any]], count: int) -> int:
    found = [(each, known) for each in dependencies for known in each["vulns"]]
    for each, known in found:
        fixed = ", ".join(known["fix_versions"]) or "no version yet"
        print(f"{each['name']} {each['version']}: {known['id']}, fixed in {fixed}")
    print(f"audit: {count} versions looked up, {len(found)} known vulnerabilities")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
