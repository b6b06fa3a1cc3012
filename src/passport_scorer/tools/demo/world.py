"""The demo's accounts, keys, communities, users and stamps; the same in every run.

Everything here is public, including the issuers' private keys: only a service with
demo data should trust them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from passport_scorer.tools.demo.signing import (
    address_of_key,
    issuer_did,
    issuer_did_key,
    sign_ed25519,
    sign_eip712,
)

ISSUED = datetime(2026, 1, 1, 12, tzinfo=UTC)
_FAR = datetime(2099, 12, 31, tzinfo=UTC)
_LONG_AGO = datetime(2026, 4, 1, tzinfo=UTC)


def secret(name: str) -> bytes:
    """Return 32 publicly known bytes."""
    return hashlib.sha256(f"passport-scorer demo: {name}".encode()).digest()


ETHEREUM_ISSUER_KEY = secret("issuer, EIP-712")
ED25519_ISSUER_SEED = secret("issuer, Ed25519")
TRUSTED_ISSUERS = frozenset({issuer_did(ETHEREUM_ISSUER_KEY), issuer_did_key(ED25519_ISSUER_SEED)})


class DemoApiKey(msgspec.Struct, frozen=True):
    """An API key of the demo, as a partner would send it."""

    account_id: int
    name: str
    key: str


DEMO_API_KEY = DemoApiKey(1, "demo", "demokey1.read-the-readme-and-try-this-key")
API_KEYS = (
    DEMO_API_KEY,
    DemoApiKey(2, "second account", "demokey2.belongs-to-another-account-here"),
    DemoApiKey(3, "third account", "demokey3.and-this-one-to-the-third-of-them"),
)
DEMO_SCORER_ID = 1


class DemoStamp(msgspec.Struct, frozen=True):
    """A stamp of a demo user.

    Attributes:
        provider: the provider of the stamp.
        account: the real-world account behind it, from which its nullifiers are derived.
        expires_at: aware.
        older: signed with Ed25519 and with a `hash`, like stamps of the older suite.
        tampered: changed after signing.
    """

    provider: str
    account: str
    expires_at: datetime = _FAR
    older: bool = False
    tampered: bool = False


class Person(msgspec.Struct, frozen=True):
    """A demo user: an address, and its special property.

    Attributes:
        name: the name of the user.
        about: the special property.
        stamps: the live stamps.
        deleted: the deleted stamps.
        signs: True if the private key of the address is known.
    """

    name: str
    about: str
    stamps: Sequence[DemoStamp] = ()
    deleted: Sequence[DemoStamp] = ()
    signs: bool = False

    @property
    def key(self) -> bytes:
        """The private key (32 bytes) of an address that signs."""
        return secret(f"key of {self.name}")

    @property
    def address(self) -> str:
        """The address in lower case."""
        if self.signs:
            return address_of_key(self.key)
        return "0x" + secret(f"address of {self.name}")[:20].hex()


def _stamps(name: str, *providers: str) -> list[DemoStamp]:
    return [DemoStamp(provider, f"{name}@{provider}") for provider in providers]


PEOPLE = (
    Person(
        "ada",
        "passes: many stamps",
        _stamps(
            "ada", "Google", "Github", "Ens", "HolonymGovIdProvider", "HolonymPhone", "Linkedin"
        ),
    ),
    Person("bob", "fails: two cheap stamps", _stamps("bob", "Discord", "Ens")),
    Person(
        "cleo",
        "fails: the Google account is ada's, whose stamp was first",
        [DemoStamp("Google", "ada@Google"), *_stamps("cleo", "Discord", "CleanHands")],
    ),
    Person("dan", "claims his Linkedin account first", _stamps("dan", "Linkedin", "Biometrics")),
    Person(
        "eve",
        "dan's second address: of the two, the one scored second clashes",
        [DemoStamp("Linkedin", "dan@Linkedin"), *_stamps("eve", "ETHScore#90")],
    ),
    Person(
        "finn",
        "one stamp has expired",
        [DemoStamp("Google", "finn@Google", _LONG_AGO), *_stamps("finn", "Github")],
    ),
    Person(
        "gus",
        "one stamp was tampered with",
        [
            DemoStamp("CoinbaseDualVerification", "gus@Coinbase", tampered=True),
            *_stamps("gus", "Discord"),
        ],
    ),
    Person("hana", "no stamps at all"),
    Person(
        "ivo",
        "older stamps, signed with Ed25519",
        [
            DemoStamp("Google", "ivo@Google", older=True),
            DemoStamp("Brightid", "ivo@Brightid", older=True),
        ],
    ),
    Person(
        "jun",
        "passes: stamps of both signature suites",
        [DemoStamp("BinanceBABT", "jun@Binance", older=True), *_stamps("jun", "Biometrics")],
    ),
    Person(
        "kim",
        "passes in community 2, fails in community 1; can sign in",
        _stamps("kim", "Ens", "Google"),
        deleted=_stamps("kim", "Discord"),
        signs=True,
    ),
    Person("lea", "a stamp without a weight", _stamps("lea", "NobodyKnowsThis", "Ens")),
)

OWNER = next(person for person in PEOPLE if person.signs)

WEIGHTS: Mapping[str, str] = {
    "BinanceBABT": "16.021",
    "Biometrics": "6.001",
    "Brightid": "0.202",
    "CleanHands": "3.0",
    "CoinbaseDualVerification": "16.042",
    "Discord": "0.516",
    "ETHScore#50": "16.021",
    "ETHScore#75": "2.399",
    "ETHScore#90": "2.926",
    "Ens": "0.208",
    "Github": "1.5",
    "Google": "0.525",
    "HolonymGovIdProvider": "16.026",
    "HolonymPhone": "1.521",
    "Lens": "0.23",
    "Linkedin": "1.531",
    "NFT": "1.032",
    "TrustedCitizen": "4.009",
    "ZkSyncEra": "0.606",
    "githubContributionActivityGte#120": "2.259",
    "githubContributionActivityGte#30": "1.879",
    "githubContributionActivityGte#60": "1.888",
}
FEW_WEIGHTS: Mapping[str, str] = {"Ens": "2.0", "Google": "1.0", "Discord": "0.5"}


def credential_of(person: Person, stamp: DemoStamp) -> dict[str, Any]:
    """Return a signed stamp of a user."""
    digest = hashlib.sha256(stamp.account.encode()).hexdigest()
    times = {"issued_at": min(ISSUED, stamp.expires_at), "expires_at": stamp.expires_at}
    if stamp.older:
        return sign_ed25519(
            ED25519_ISSUER_SEED,
            address=person.address,
            provider=stamp.provider,
            nullifier_hash=f"v0.0.0:{digest[:43]}=",
            **times,
        )
    credential = sign_eip712(
        ETHEREUM_ISSUER_KEY,
        address=person.address,
        provider=stamp.provider,
        nullifiers=[f"v0.0.0:{digest[:43]}=", f"v1:{digest[20:63]}="],
        **times,
    )
    if stamp.tampered:
        credential["credentialSubject"]["nullifiers"] = ["v0.0.0:taken-from-nobody"]
    return credential
