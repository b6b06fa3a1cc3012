"""No document takes much more work to verify than an ordinary stamp, whatever is in it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from passport_scorer.credentials.verifier import verify
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.ethereum import eip712, eip712_types

from .hostile_documents import (
    ED25519,
    EIP712,
    NOW,
    HostileDocument,
    hostile_documents,
    ordinary,
)

# Multiples of the calls for an ordinary stamp of the same suite. A call takes about 0.1 µs in C or
# 1 µs in Python, so these limits are far below 50 ms.
LIMITS = {EIP712: 40, ED25519: 10}


def calls(document: bytes | str) -> int:
    """Count the function calls of a verification, those in C included, instead of its time."""
    count = 0

    def profiler(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    eip712_types._hash_of_text.cache_clear()
    eip712._compiled_plan.cache_clear()
    before = sys.getprofile()
    sys.setprofile(profiler)
    try:
        verify(document, NOW)
    except VerificationFailed:
        pass
    finally:
        sys.setprofile(before)
    return count


@pytest.fixture(scope="module")
def allowed() -> Callable[[str], int]:
    """Return the maximum number of calls for a document of a suite."""
    counted = {}
    for suite in LIMITS:
        text = json.dumps(ordinary(suite))
        verify(text, NOW)  # imports and bundled contexts are loaded once
        counted[suite] = calls(text)
    return lambda suite: counted[suite] * LIMITS[suite]


@pytest.mark.parametrize(
    "hostile", list(hostile_documents()), ids=lambda hostile: f"{hostile.suite[:7]}: {hostile.name}"
)
def test_work_is_bounded(hostile: HostileDocument, allowed: Callable[[str], int]) -> None:
    """Verifying it takes at most a fixed factor of the calls of an ordinary stamp."""
    assert calls(hostile.text) <= allowed(hostile.suite)
