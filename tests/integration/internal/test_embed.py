"""Weights, sections and keys of pages that embed the stamps."""

from __future__ import annotations

import pytest

from .conftest import Internal

KEY = "embedt3x.x3tdebmex3tdebmex3tdebmex3tdebme"
LIMITED_KEY = "rate3lim.mil3etarmil3etarmil3etarmil3etar"


async def test_weights_are_those_of_the_default_or_the_named_community(
    reference: Internal,
) -> None:
    """Both tables of scorers are read; dynamic weights are not included."""
    default = (await reference.get("embed/weights")).json()
    assert default == (await reference.get("embed/weights?community_id=1")).json()
    assert default["HolonymGovIdProvider"] == 16.026
    assert (await reference.get("embed/weights?community_id=2")).json()["Discord"] == 0.5
    assert (await reference.get("embed/weights?community_id=4")).json()["Google"] == 0.525
    assert "AllowList#testlist" not in (await reference.get("embed/weights?community_id=5")).json()


async def test_a_scorer_without_weights_has_none(reference: Internal) -> None:
    """Null in the column means that there are no weights."""
    await reference.execute("UPDATE scorer_weighted_binaryweightedscorer SET weights = NULL")
    assert (await reference.get("embed/weights")).json() == {}
    config = (await reference.get("embed/config?community_id=1")).json()
    assert config == {"weights": {}, "stamp_sections": []}


async def test_a_weight_that_is_not_a_number_is_left_out(reference: Internal) -> None:
    """It counts as little as that of a provider that the scorer doesn't know."""
    await reference.execute(
        """UPDATE scorer_weighted_binaryweightedscorer
        SET weights = '{"Google": "NaN", "Ens": "1.5"}'"""
    )
    assert (await reference.get("embed/weights")).json() == {"Ens": 1.5}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?community_id=999", 404),
        ("?community_id=-1", 404),
        ("?community_id=one", 422),
        ("?community_id=9.0", 422),
        ("?community_id=%D9%A9", 422),
        ("?community_id=%ff", 422),
        (f"?community_id={2**63}", 422),
        ("?community_id=1&community_id=1", 422),
        ("?community_id=9", 200),
        ("?community_id=009", 200),
    ],
)
async def test_communities_are_whole_numbers(reference: Internal, query: str, status: int) -> None:
    """An unknown one is 404, for weights and page alike; a deleted one still has both."""
    assert (await reference.get(f"embed/weights{query}")).status_code == status
    assert (await reference.get(f"embed/config{query}")).status_code == status


async def test_an_empty_community_is_the_default(reference: Internal) -> None:
    """The weights have a default community; the page does not."""
    default = (await reference.get("embed/weights")).json()
    assert (await reference.get("embed/weights?community_id=")).json() == default
    assert (await reference.get("embed/config?community_id=")).status_code == 422


async def test_the_default_must_be_configured(internal: Internal) -> None:
    """Without a default, a call that names no community finds none."""
    assert (await internal.get("embed/weights")).status_code == 404
    assert (await internal.get("embed/config")).status_code == 422


async def test_sections_and_their_platforms(reference: Internal) -> None:
    """Sections are those of the page, in order, one without platforms included."""
    await reference.execute(
        """
        INSERT INTO account_embedsectionheader VALUES (7, 'Empty'), (8, 'Of no page');
        INSERT INTO account_embedsectionorder VALUES (7, -1, 1, 7)
        """
    )
    config = (await reference.get("embed/config?community_id=5")).json()
    assert config["stamp_sections"] == [
        {"title": "Empty", "order": -1, "items": []},
        {
            "title": "Web2 Platforms",
            "order": 0,
            "items": [
                {"platform_id": "Github", "order": 0},
                {"platform_id": "Google", "order": 1},
            ],
        },
        {
            "title": "Physical Verification",
            "order": 1,
            "items": [{"platform_id": "Ens", "order": 0}],
        },
    ]


async def test_a_key_tells_its_limit(reference: Internal) -> None:
    """The key may be in either header."""
    for headers in ({"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}):
        answer = await reference.get("embed/validate-api-key", **headers)
        assert (answer.status_code, answer.json()) == (200, {"embed_rate_limit": "2000/15m"})


@pytest.mark.parametrize(
    ("stored", "told"),
    [("100/Hour", "100/Hour"), ("", ""), (None, None), ("a lot", "125/15m"), ("5/week", "125/15m")],
)
async def test_a_limit_is_never_read_as_unlimited(
    reference: Internal, stored: str | None, told: str | None
) -> None:
    """A readable rate limit is returned as stored; else the default is, never unlimited."""
    value = "NULL" if stored is None else f"'{stored}'"
    await reference.execute(f"UPDATE account_accountapikey SET embed_rate_limit = {value}")
    answer = await reference.get("embed/validate-api-key", **{"X-API-Key": KEY})
    assert answer.json() == {"embed_rate_limit": told}


async def test_asking_for_the_limit_uses_nothing_up(reference: Internal) -> None:
    """A key with three calls in a window may ask more often than that."""
    for _ in range(5):
        answer = await reference.get("embed/validate-api-key", **{"X-API-Key": LIMITED_KEY})
        assert (answer.status_code, answer.json()) == (200, {"embed_rate_limit": "125/15m"})


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("X-API-Key", KEY + "x")],
        [("X-API-Key", "unknown1.x3tdebmex3tdebme")],
        [("X-API-Key", "revokedk.kdekoverkdekoverkdekoverkdekover")],
        [("X-API-Key", "expiredk.kderipxekderipxekderipxekderipxe")],
        [("X-API-Key", KEY), ("X-API-Key", KEY)],
        [("X-API-Key", KEY), ("Authorization", "a"), ("Authorization", "b")],
    ],
)
async def test_any_other_key_is_refused(
    reference: Internal, headers: list[tuple[str, str]]
) -> None:
    """No key, a wrong one, one that is not usable, and headers that occur twice."""
    answer = await reference.client.get("/internal/embed/validate-api-key", headers=headers)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid API Key."})


@pytest.mark.parametrize(
    "extra",
    ['"a":1e131071', '"a":[' + ",".join(["1e99"] * 700) + "]", r'"\u0000":1'],
    ids=["number", "size as stored", "name"],
)
async def test_stamps_out_of_bounds_are_refused(internal: Internal, extra: str) -> None:
    """The place of the stamp is named."""
    stamp = '{"credentialSubject":{"provider":"%s"},"proof":{"proofValue":"0x1"}%s}'
    body = f'{{"scorer_id":1,"stamps":[{stamp % ("A", "")},{stamp % ("B", "," + extra)}]}}'
    answer = await internal.client.post(f"/internal/embed/stamps/0x{42:040x}", content=body)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("Entry 2: ")


@pytest.mark.parametrize(
    ("stamps", "status", "loc"),
    [
        ([{}], 400, None),
        ([{"proof": {"proofValue": "0x1"}}], 400, None),
        ([{"credentialSubject": {"provider": ""}, "proof": {"proofValue": "0x1"}}], 400, None),
        ([{"credentialSubject": {"provider": "A"}, "proof": {"proofValue": "0x1"}}], 400, None),
        ([5], 422, ["body", "stamps", 1]),
        ([None], 422, ["body", "stamps", 1]),
    ],
)
async def test_a_stamp_that_cannot_be_stored_is_named(
    reference: Internal, stamps: list[object], status: int, loc: list[object] | None
) -> None:
    """No provider, a provider twice, no object: the second stamp is named."""
    good = {"credentialSubject": {"provider": "A"}, "proof": {"proofValue": "0x1"}}
    path = f"embed/stamps/0x{42:040x}"
    answer = await reference.post(path, {"scorer_id": "1", "stamps": [good, *stamps]})
    detail = answer.json()["detail"]
    assert answer.status_code == status
    message = detail if loc is None else detail[0]["msg"]
    assert message.startswith("Entry 2: ")
    assert loc is None or detail[0]["loc"] == loc
    assert await reference.value("SELECT count(*) FROM ceramic_cache_ceramiccache") == 85
