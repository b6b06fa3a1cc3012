"""Verdicts are cached, each for exactly the bytes that were verified."""

import gc
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passport_scorer.credentials.errors import DocumentUnreadable, ProofInTheFuture
from passport_scorer.credentials.verdict_cache import VerdictCache
from passport_scorer.credentials.verifier import verify
from passport_scorer.domain.errors import VerificationFailed
from passport_scorer.ethereum.errors import SignatureMismatch
from passport_scorer.tools.demo.signing import sign_eip712
from tests.support.hypothesis_profiles import examples

NOW = datetime(2025, 12, 1, tzinfo=UTC)


def signed(provider: str) -> str:
    """A genuine stamp for a provider, as text."""
    return json.dumps(
        sign_eip712(
            bytes(31) + b"\x07",
            address="0x4f0f596e6fafa901f0a803b18a9713964742bcaf",
            provider=provider,
            nullifiers=["v0:a"],
            issued_at=datetime(2025, 11, 20, tzinfo=UTC),
            expires_at=datetime(2026, 2, 18, tzinfo=UTC),
        )
    )


def counts(cache: VerdictCache) -> tuple[int, int, int]:
    """Its hits, its misses, and the number of verdicts in it."""
    return cache.hits, cache.misses, len(cache)


def test_the_same_bytes_are_verified_once(stamp: dict[str, Any]) -> None:
    """The second time the claims come from the cache; a text and its bytes are the same."""
    cache, text = VerdictCache(100_000), json.dumps(stamp)
    first = cache.verify(text, NOW)
    assert cache.verify(text.encode(), NOW) is first
    assert counts(cache) == (1, 1, 1)


def test_a_rejection_is_cached(stamp: dict[str, Any]) -> None:
    """A broken credential is rejected again, with the same message, without verifying it."""
    stamp["credentialSubject"]["provider"] = "Github"
    cache, text, rejections = VerdictCache(100_000), json.dumps(stamp), []
    for _ in range(2):
        with pytest.raises(SignatureMismatch) as rejected:
            cache.verify(text, NOW)
        rejections.append(rejected.value)
    assert rejections[0].message == rejections[1].message
    assert rejections[0] is not rejections[1]
    assert counts(cache) == (1, 1, 1)


def test_a_rejection_that_time_changes_is_not_cached(stamp: dict[str, Any]) -> None:
    """A proof from the future is verified each time, until its time has come."""
    cache, text = VerdictCache(100_000), json.dumps(stamp)
    for _ in range(2):
        with pytest.raises(ProofInTheFuture):
            cache.verify(text, datetime(2025, 11, 1, tzinfo=UTC))
    assert counts(cache) == (0, 2, 0)
    assert cache.verify(text, NOW).provider == "Google"


def test_an_unreadable_document_takes_no_room() -> None:
    """A document that is too large is rejected before anything is computed from it."""
    cache = VerdictCache(100_000)
    for document in ("x" * 100_000, "\ud800"):
        with pytest.raises(DocumentUnreadable):
            cache.verify(document, NOW)
    assert counts(cache) == (0, 0, 0)


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=examples(100), deadline=None)
def test_a_verdict_is_never_that_of_other_bytes(position: int, change: int) -> None:
    """With one byte changed, the verdict is the one of a fresh verification, never the old one."""
    cache = VerdictCache(100_000)
    original = signed("Google").encode()
    cache.verify(original, NOW)
    position %= len(original)
    changed = bytearray(original)
    changed[position] ^= change

    def outcome(cached: bool) -> object:
        try:
            document = bytes(changed)
            return cache.verify(document, NOW) if cached else verify(document, NOW)
        except VerificationFailed as refusal:
            return refusal.code, refusal.message

    assert [outcome(cached=True), outcome(cached=True)] == [outcome(cached=False)] * 2
    assert cache.misses > 1


def test_the_oldest_verdict_is_evicted() -> None:
    """At capacity the least recently used verdict is evicted."""
    cache = VerdictCache(3_000)
    one, two, three = (signed(provider) for provider in ("one", "two", "three"))
    for text in (one, two, one, three):
        cache.verify(text, NOW)
    assert counts(cache) == (1, 3, 2)
    cache.verify(one, NOW)
    cache.verify(three, NOW)
    assert cache.hits == 3
    cache.verify(two, NOW)
    assert counts(cache) == (3, 4, 2)


def test_the_texts_are_bounded_too() -> None:
    """Credentials with long claims take the room of several; a longer one evicts no other."""
    cache = VerdictCache(8_000)
    for n in range(3):
        cache.verify(signed(str(n) * 2_000), NOW)
    assert len(cache) == 2
    cache.verify(signed("x" * 8_000), NOW)
    assert len(cache) == 2


def test_nothing_is_cached_without_capacity() -> None:
    """A capacity of zero verifies every time."""
    cache, text = VerdictCache(0), signed("Google")
    assert cache.verify(text, NOW) == cache.verify(text, NOW)
    assert counts(cache) == (0, 2, 0)


def test_verdicts_can_be_had_ahead(stamp: dict[str, Any]) -> None:
    """Good ones and rejections are cached for later; without capacity nothing is done."""
    cache, none, text = VerdictCache(100_000), VerdictCache(0), json.dumps(stamp)
    for each in (cache, none):
        each.verify_ahead(text, NOW)
        each.verify_ahead("{}", NOW)
    assert (counts(cache), counts(none)) == ((0, 2, 2), (0, 0, 0))
    cache.verify(text, NOW)
    with pytest.raises(VerificationFailed):
        cache.verify("{}", NOW)
    assert counts(cache) == (2, 2, 2)


def test_a_rejected_document_is_not_kept_in_memory(stamp: dict[str, Any]) -> None:
    """A cached rejection has its reason, not the error with the document in its traceback."""
    cache = VerdictCache(100_000)
    with pytest.raises(VerificationFailed):
        cache.verify(json.dumps({**stamp, "issuer": None}), NOW)
    (verdict,) = cache._verdicts.values()
    assert not any(isinstance(each, BaseException) for each in gc.get_referents(verdict))
