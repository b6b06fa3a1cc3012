"""The refusals of `make release`, and the notes that it takes from CHANGELOG.md."""

from __future__ import annotations

import pytest

from scripts.release import NotReleasable, notes_of

CHANGELOG = """# Changelog

Text before.

## Unreleased

### Added

- Something new.

## 1.2.0 - 2026-03-01

### Fixed

- A fault.

#### Renamed

- One name.

## [1.1.0] - 2026-02-01

- Older.

## 1.0.0 - 2026-01-01
"""


@pytest.mark.parametrize(
    ("version", "notes"),
    [
        ("1.2.0", "### Fixed\n\n- A fault.\n\n#### Renamed\n\n- One name.\n"),
        ("1.1.0", "- Older.\n"),
    ],
)
def test_the_notes_are_the_section_of_the_version(version: str, notes: str) -> None:
    """The whole section is read, lower headings included, and nothing else."""
    assert notes_of(CHANGELOG, version) == notes


@pytest.mark.parametrize(
    ("version", "problem"),
    [
        ("1.3.0", "has no section '## 1.3.0 - YYYY-MM-DD'"),
        ("1.2", "has no section"),
        ("1x2.0", "has no section"),
        ("1.0.0", "is empty"),
    ],
)
def test_a_version_without_notes_is_refused(version: str, problem: str) -> None:
    """A version that is not in the change log, or has no notes, is not released."""
    with pytest.raises(NotReleasable, match=problem):
        notes_of(CHANGELOG, version)
