"""Build a release and check it; publish nothing and change nothing in git.

    python scripts/release.py

Recreates `dist/`: a wheel, a source distribution, and the release notes. Prints the tag and its
text. Exit status: 0 if it can be released, 1 if not.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

DIST = Path("dist")
CHANGELOG = Path("CHANGELOG.md")
_HEADING = re.compile(r"^## ", re.MULTILINE)


class NotReleasable(Exception):
    """Something has to be done first; the message is one line."""


def main() -> int:
    """Build, check, print the remaining steps, and return the exit status."""
    version = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))["project"]["version"]
    try:
        notes = notes_of(CHANGELOG.read_text("utf-8"), version)
        files = built(version)
    except (NotReleasable, OSError, subprocess.CalledProcessError) as problem:
        print(f"passport-scorer: {problem}", file=sys.stderr)
        return 1
    (DIST / "notes.md").write_text(notes, "utf-8")
    print(farewell(version, notes, files))
    return 0


def notes_of(changelog: str, version: str) -> str:
    """Return the section of a version, without its heading; raises NotReleasable."""
    for section in _HEADING.split(changelog)[1:]:
        heading, _, text = section.partition("\n")
        if re.fullmatch(rf"\[?{re.escape(version)}\]? - \d{{4}}-\d\d-\d\d", heading.strip()):
            if text.strip():
                return text.strip() + "\n"
            raise NotReleasable(f"The section of {version} in {CHANGELOG} is empty")
    raise NotReleasable(
        f"{CHANGELOG} has no section '## {version} - YYYY-MM-DD': rename 'Unreleased',"
        " and set the version in pyproject.toml"
    )


def built(version: str) -> list[Path]:
    """Build both distributions and check their metadata; raises CalledProcessError."""
    shutil.rmtree(DIST, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(DIST)], check=True)
    files = sorted(DIST.iterdir())
    names = [f"passport_scorer-{version}-py3-none-any.whl", f"passport_scorer-{version}.tar.gz"]
    if [file.name for file in files] != names:
        raise NotReleasable(f"{DIST} holds {', '.join(file.name for file in files)}")
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True)
    return files


def farewell(version: str, notes: str, files: list[Path]) -> str:
    """Return what was made, the text of the tag, and the commands that are left to a person."""
    made = "\n".join(f"  {file}" for file in files)
    return (
        f"Built and checked:\n{made}\n\n"
        f"Text of the tag v{version}, and release notes (dist/notes.md):\n\n{notes}\n"
        "Nothing was published. What is left to do:\n"
        f"  git tag --sign v{version} --file dist/notes.md --cleanup=verbatim\n"
        f"  git push origin v{version}\n"
        f"  python -m twine upload {' '.join(str(file) for file in files)}\n"
    )


if __name__ == "__main__":
    sys.exit(main())
