"""A nullifier counts for one address in a community at a time."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.domain.credential import Credential
from passport_scorer.domain.deduplication import (
    Clash,
    Deduplication,
    Link,
    LinkChange,
    deduplicate,
)
from passport_scorer.domain.stamps import Stamp, StampPolicy, StoredStamp, examine, valid_stamps

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ME, SHE, HE = (f"0x{digit * 40}" for digit in "abc")
PROVIDERS = ("Google", "Github", "Ens", "Discord")
NULLIFIERS = ("v0:a", "v0:b", "v0:c", "v1:a", "v1:b")


def hours(count: int) -> datetime:
    """A time that is a number of hours from now."""
    return NOW + timedelta(hours=count)


def stamp(provider: str, *nullifiers: str, expires: int = 1) -> Stamp:
    """A stamp of ours with these nullifiers, which expires in a number of hours."""
    return valid([stored(ME, provider, nullifiers, expires)], ME)[0]


def stored(address: str, provider: str, nullifiers: Sequence[str], expires: int) -> StoredStamp:
    """The row of such a stamp."""
    credential = Credential(
        issuer="did:ethr:0x1",
        subject_id=f"did:pkh:eip155:1:{address}",
        provider=provider,
        nullifiers=tuple(nullifiers),
        has_nullifiers=True,
        expiration_date=f"in {expires} hours",
        expires_at=hours(expires),
    )
    return StoredStamp(PROVIDERS.index(provider), "1", provider, credential, None)


def valid(
    stamps: Sequence[StoredStamp], address: str, *, multi_nullifier: bool = True
) -> list[Stamp]:
    """The stamps that pass validation."""
    policy = StampPolicy(frozenset({"did:ethr:0x1"}), multi_nullifier)
    return valid_stamps([examine(stamp, address, policy) for stamp in stamps], NOW)[0]


def table(*links: Link) -> dict[str, Link]:
    """The links of a community."""
    return {link.nullifier: link for link in links}


def applied(links: Mapping[str, Link], changes: Sequence[LinkChange]) -> dict[str, Link]:
    """The links after the changes are written."""
    return {**links, **table(*(change.link for change in changes))}


def is_live(link: Link | None) -> bool:
    """True if a nullifier has a live link."""
    return link is not None and link.expires_at > NOW


def foreign(nullifier: str, links: Mapping[str, Link], address: str = ME) -> bool:
    """True if a nullifier has a live link to another address."""
    link = links.get(nullifier)
    return link is not None and is_live(link) and link.address != address


class World(NamedTuple):
    """Stamps of ours, and the links of the community."""

    stamps: list[Stamp]
    links: dict[str, Link]

    def decided(self) -> Deduplication:
        """The result of deduplication."""
        return deduplicate(self.stamps, ME, self.links, NOW)


@st.composite
def rows(draw: st.DrawFn, address: str) -> list[StoredStamp]:
    """Rows of an address, one for a provider."""
    providers = draw(st.lists(st.sampled_from(PROVIDERS), unique=True))
    nullifiers = st.lists(st.sampled_from(NULLIFIERS), min_size=1, max_size=3)
    return [stored(address, each, draw(nullifiers), draw(st.integers(1, 3))) for each in providers]


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Link]:
    """Links of three addresses, some expired, one this very instant."""
    linked = draw(st.lists(st.sampled_from(NULLIFIERS), unique=True))
    owners, expiries = st.sampled_from([ME, SHE, HE]), st.integers(-1, 3)
    return table(*(Link(each, draw(owners), hours(draw(expiries))) for each in linked))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any stamps and links, with either setting of FF_MULTI_NULLIFIER."""
    stamps = valid(draw(rows(ME)), ME, multi_nullifier=draw(st.booleans()))
    return World(stamps, draw(tables()))


@given(world=worlds())
def test_a_stamp_clashes_if_and_only_if_a_nullifier_is_claimed(world: World) -> None:
    """A stamp is kept unless a live link of another address is among its nullifiers."""
    decided = world.decided()
    clashing = [s for s in world.stamps if any(foreign(n, world.links) for n in s.nullifiers)]
    assert [clash.stamp for clash in decided.clashes] == clashing
    assert list(decided.kept) == [each for each in world.stamps if each not in clashing]


@given(world=worlds())
def test_a_clash_names_the_owner_of_its_first_clashing_nullifier(world: World) -> None:
    """The owner is the first link to another address, in the order of the stamp's nullifiers."""
    for clash in world.decided().clashes:
        first = next(n for n in clash.stamp.nullifiers if foreign(n, world.links))
        assert clash.owner == world.links[first]


@given(world=worlds())
def test_a_live_link_is_changed_only_if_it_is_our_own(world: World) -> None:
    """No change touches a live link, unless it is ours and stays ours."""
    for change in world.decided().changes:
        before = world.links.get(change.link.nullifier)
        assert not is_live(before) or (
            before is not None and before.address == change.link.address == ME and change.is_claim
        )


@given(world=worlds())
def test_a_nullifier_of_a_kept_stamp_is_ours_until_the_last_of_them_expires(world: World) -> None:
    """It is then linked to us until the expiry of the last kept stamp that has it."""
    decided = world.decided()
    links = applied(world.links, decided.changes)
    for nullifier in {each for kept in decided.kept for each in kept.nullifiers}:
        until = max(kept.expires_at for kept in decided.kept if nullifier in kept.nullifiers)
        assert links[nullifier] == Link(nullifier, ME, until)


@given(world=worlds())
def test_no_nullifier_of_a_clashing_stamp_is_left_to_be_claimed(world: World) -> None:
    """Each of them then has a live link, a new one with owner and expiry of a clash."""
    decided = world.decided()
    links = applied(world.links, decided.changes)
    assert all(is_live(links[n]) for clash in decided.clashes for n in clash.stamp.nullifiers)
    for backfill in (change.link for change in decided.changes if not change.is_claim):
        assert (backfill.address, backfill.expires_at) in {
            (clash.owner.address, clash.owner.expires_at)
            for clash in decided.clashes
            if backfill.nullifier in clash.stamp.nullifiers
        }


@given(world=worlds())
def test_deciding_again_changes_nothing(world: World) -> None:
    """Once the changes are written, the same stamps are kept and nothing is left to write."""
    decided = world.decided()
    again = World(world.stamps, applied(world.links, decided.changes)).decided()
    assert (again.changes, again.kept) == ((), decided.kept)
    assert [clash.stamp for clash in again.clashes] == [clash.stamp for clash in decided.clashes]


@given(world=worlds(), data=st.data())
def test_the_order_of_the_stamps_does_not_matter(world: World, data: st.DataObject) -> None:
    """The same stamps are kept, clash and are claimed for in whatever order they are stored."""

    def without_order(decided: Deduplication) -> tuple[set[Stamp], set[Clash], set[Link]]:
        claims = {change.link for change in decided.changes if change.is_claim}
        return set(decided.kept), set(decided.clashes), claims

    shuffled = World(data.draw(st.permutations(world.stamps)), world.links)
    assert without_order(shuffled.decided()) == without_order(world.decided())


@given(mine=rows(ME), hers=rows(SHE), links=tables(), mine_first=st.booleans(), multi=st.booleans())
def test_a_nullifier_never_counts_for_both_of_two_addresses(
    mine: list[StoredStamp],
    hers: list[StoredStamp],
    links: dict[str, Link],
    mine_first: bool,
    multi: bool,
) -> None:
    """Two addresses scored in either order: only one of them counts it."""
    counted: list[set[str]] = []
    for address, stamps in [(ME, mine), (SHE, hers)][:: 1 if mine_first else -1]:
        decided = deduplicate(valid(stamps, address, multi_nullifier=multi), address, links, NOW)
        links = applied(links, decided.changes)
        counted.append({nullifier for kept in decided.kept for nullifier in kept.nullifiers})
    assert not counted[0] & counted[1]


@pytest.mark.parametrize(
    ("stamps", "links", "changes"),
    [
        pytest.param(
            [stamp("Google", "v0:a", expires=2)],
            table(),
            [LinkChange(Link("v0:a", ME, hours(2)), is_claim=True)],
            id="a missing link is created",
        ),
        pytest.param(
            [stamp("Google", "v0:a", expires=1)],
            table(Link("v0:a", ME, hours(3))),
            [LinkChange(Link("v0:a", ME, hours(1)), is_claim=True)],
            id="an own link gets the new expiry, even if it is earlier",
        ),
        pytest.param(
            [stamp("Google", "v0:a", expires=1)],
            table(Link("v0:a", ME, hours(1))),
            [],
            id="a link that is right is not written",
        ),
        pytest.param(
            [stamp("Google", "v0:a", expires=1)],
            table(Link("v0:a", SHE, hours(0))),
            [LinkChange(Link("v0:a", ME, hours(1)), is_claim=True)],
            id="an expired link of another address is taken over",
        ),
        pytest.param(
            [stamp("Google", "v1:a", "v0:b", "v0:a")],
            table(Link("v0:a", SHE, hours(2)), Link("v0:b", HE, hours(3))),
            [LinkChange(Link("v1:a", HE, hours(3)), is_claim=False)],
            id="a rotated nullifier goes to the owner of the first that clashes",
        ),
        pytest.param(
            [stamp("Google", "v0:a", "v1:a")],
            table(Link("v0:a", SHE, hours(2)), Link("v1:a", ME, hours(0))),
            [LinkChange(Link("v1:a", SHE, hours(2)), is_claim=False)],
            id="an expired link of our own is backfilled",
        ),
        pytest.param(
            [stamp("Google", "v0:a", "v1:a")],
            table(Link("v0:a", SHE, hours(2)), Link("v1:a", ME, hours(1))),
            [],
            id="a live link of our own is not backfilled",
        ),
        pytest.param(
            [stamp("Google", "v0:a", "v1:a"), stamp("Github", "v1:a")],
            table(Link("v0:a", SHE, hours(2))),
            [LinkChange(Link("v1:a", ME, hours(1)), is_claim=True)],
            id="a claim comes before a backfill",
        ),
        pytest.param(
            [stamp("Google", "v0:a", "v1:a"), stamp("Github", "v0:b", "v1:a")],
            table(Link("v0:a", SHE, hours(2)), Link("v0:b", HE, hours(3))),
            [LinkChange(Link("v1:a", SHE, hours(2)), is_claim=False)],
            id="a nullifier that two clashing stamps share goes with the first of them",
        ),
    ],
)
def test_written_changes(
    stamps: list[Stamp], links: dict[str, Link], changes: list[LinkChange]
) -> None:
    """The changes are exactly those that the rules name."""
    assert list(deduplicate(stamps, ME, links, NOW).changes) == changes
