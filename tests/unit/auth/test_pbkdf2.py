"""PBKDF2 hashes are checked without delaying anything else."""

import asyncio
import base64
import hashlib
from collections.abc import Iterator

import pytest

from passport_scorer.auth.pbkdf2 import MAX_PER_PEER, Pbkdf2Hashes, TooManyKeyChecks

KEY = "abc.secret"


def pbkdf2_hash(key: str, iterations: int) -> str:
    """A hash as existing deployments hold it."""
    derived = hashlib.pbkdf2_hmac("sha256", key.encode(), b"salt", iterations)
    return f"pbkdf2_sha256${iterations}$salt${base64.b64encode(derived).decode()}"


QUICK = pbkdf2_hash(KEY, 1)
SLOW_ENOUGH = pbkdf2_hash(KEY, 1000)
SLOW = pbkdf2_hash(KEY, 200_000)


@pytest.fixture
def pbkdf2_hashes() -> Iterator[Pbkdf2Hashes]:
    """The checker of hashes, with its thread."""
    checks = Pbkdf2Hashes()
    yield checks
    checks.close()


async def test_the_verdict(pbkdf2_hashes: Pbkdf2Hashes) -> None:
    """A key matches its own hash, another one doesn't."""
    verdicts = [await pbkdf2_hashes.matches(key, QUICK) for key in (KEY, "abc.wrong")]
    assert verdicts == [True, False]


async def test_the_event_loop_is_not_blocked(pbkdf2_hashes: Pbkdf2Hashes) -> None:
    """Other work gets its turn, many times, while a hash is derived."""
    check, turns = asyncio.ensure_future(pbkdf2_hashes.matches(KEY, SLOW)), 0
    while not check.done():
        await asyncio.sleep(0)
        turns += 1
    assert await check
    assert turns > 100


async def flood(
    pbkdf2_hashes: Pbkdf2Hashes, prefix: str, peer: str, count: int
) -> list[bool | BaseException]:
    """Present many different wrong keys at once."""
    checks = (
        pbkdf2_hashes.matches(f"{prefix}.{peer}-{number}", SLOW_ENOUGH, prefix, peer)
        for number in range(count)
    )
    return await asyncio.gather(*checks, return_exceptions=True)


async def test_a_flood_of_one_peer_is_turned_away(pbkdf2_hashes: Pbkdf2Hashes) -> None:
    """Of a flood, a bounded number wait besides the running check; the others must retry."""
    answers = await flood(pbkdf2_hashes, "abc", "x", 30)
    assert answers[: MAX_PER_PEER + 1] == [False] * (MAX_PER_PEER + 1)
    assert {type(answer) for answer in answers[MAX_PER_PEER + 1 :]} == {TooManyKeyChecks}
    assert await pbkdf2_hashes.matches(KEY, QUICK, "abc", "x")


async def test_a_flood_does_not_starve_other_callers(pbkdf2_hashes: Pbkdf2Hashes) -> None:
    """Many peers flood many prefixes, the partner's, too: the partner's key is checked."""
    attackers = [
        asyncio.ensure_future(flood(pbkdf2_hashes, f"p{prefix}" if prefix else "abc", peer, 10))
        for prefix in range(12)
        for peer in ("x", "y")
    ]
    await asyncio.sleep(0)
    assert await pbkdf2_hashes.matches(KEY, QUICK, "abc", "partner")
    answers = [answer for each in await asyncio.gather(*attackers) for answer in each]
    assert {type(answer) for answer in answers} == {bool, TooManyKeyChecks}
    assert True not in answers


async def test_a_known_hash_needs_no_check(pbkdf2_hashes: Pbkdf2Hashes) -> None:
    """Once the right key was presented, every further check is immediate."""
    assert await pbkdf2_hashes.matches(KEY, QUICK, "abc", "partner")
    pbkdf2_hashes.close()
    wrong = [pbkdf2_hashes.matches(f"abc.{number}", QUICK, "abc", "x") for number in range(5000)]
    assert set(await asyncio.gather(*wrong)) == {False}
    assert await pbkdf2_hashes.matches(KEY, QUICK, "abc", "partner")


async def test_equal_checks_are_made_once(pbkdf2_hashes: Pbkdf2Hashes) -> None:
    """Any number of equal checks take one place among those that wait."""
    equal = (pbkdf2_hashes.matches(KEY, QUICK) for _ in range(100))
    assert await asyncio.gather(*equal) == [True] * 100


@pytest.mark.parametrize("key", [KEY, "abc.wrong"])
async def test_a_verdict_is_cached(pbkdf2_hashes: Pbkdf2Hashes, key: str) -> None:
    """The second answer needs no derivation: it comes although derivation has ended."""
    verdict = await pbkdf2_hashes.matches(key, QUICK)
    pbkdf2_hashes.close()
    assert await pbkdf2_hashes.matches(key, QUICK) is verdict


async def test_a_verdict_is_about_its_own_hash(pbkdf2_hashes: Pbkdf2Hashes) -> None:
    """A key that matched one hash isn't assumed to match another."""
    assert await pbkdf2_hashes.matches(KEY, QUICK)
    assert not await pbkdf2_hashes.matches(KEY, pbkdf2_hash("abc.other", 1))


async def test_verdicts_are_bounded(pbkdf2_hashes: Pbkdf2Hashes) -> None:
    """The verdict that was needed longest ago is forgotten first."""
    await pbkdf2_hashes.matches("abc.first", QUICK)
    await pbkdf2_hashes.matches("abc.second", QUICK)
    await pbkdf2_hashes.matches("abc.first", QUICK)
    for number in range(4095):
        await pbkdf2_hashes.matches(f"abc.{number}", QUICK)
    pbkdf2_hashes.close()
    assert not await pbkdf2_hashes.matches("abc.first", QUICK)
    with pytest.raises(RuntimeError, match="after shutdown"):
        await pbkdf2_hashes.matches("abc.second", QUICK)


async def test_a_caller_who_gives_up_does_not_disturb_the_others(
    pbkdf2_hashes: Pbkdf2Hashes,
) -> None:
    """Of two callers with the same question one leaves, the other gets the answer."""
    impatient = asyncio.ensure_future(pbkdf2_hashes.matches(KEY, SLOW))
    patient = asyncio.ensure_future(pbkdf2_hashes.matches(KEY, SLOW))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient
    assert impatient.cancelled()


async def test_checks_that_wait_are_dropped_at_the_end(pbkdf2_hashes: Pbkdf2Hashes) -> None:
    """Closing doesn't wait for checks that have not begun."""
    under_way = asyncio.ensure_future(pbkdf2_hashes.matches(KEY, SLOW))
    waiting = asyncio.ensure_future(pbkdf2_hashes.matches("abc.wrong", SLOW))
    await asyncio.sleep(0)
    pbkdf2_hashes.close()
    answers = await asyncio.gather(under_way, waiting, return_exceptions=True)
    assert isinstance(answers[1], asyncio.CancelledError)
