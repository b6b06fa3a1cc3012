"""The demo's accounts, keys, communities, people and stamps. The same at every run.

Everything here is public, the private keys of the issuers included: only a service that serves
demo data may trust them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from passport_scorer.demo.signing import (
    address_of_key,
    issuer_did,
    issuer_did_key,
    sign_ed25519,
    sign_eip712,
)

_ISSUED = datetime(2026, 1, 1, 12, tzinfo=UTC)
_FAR = datetime(2099, 12, 31, tzinfo=UTC)
_LONG_AGO = datetime(2026, 4, 1, tzinfo=UTC)


def _secret(name: str) -> bytes:
    return hashlib.sha256(f"passport-scorer demo: {name}".encode()).digest()


ETHEREUM_ISSUER_KEY = _secret("issuer, EIP-712")
ED25519_ISSUER_SEED = _secret("issuer, Ed25519")
TRUSTED_ISSUERS = frozenset({issuer_did(ETHEREUM_ISSUER_KEY), issuer_did_key(ED25519_ISSUER_SEED)})


class DemoApiKey(msgspec.Struct, frozen=True):
    """An API key of the demo, as a partner would present it."""

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
    """A stamp of a person of the demo.

    Attributes:
        provider: what it attests.
        account: the real-world account behind it; its nullifiers are made of this.
        expires_at: aware.
        older: signed with Ed25519 and with a `hash`, as stamps used to be.
        tampered: changed after it was signed.
    """

    provider: str
    account: str
    expires_at: datetime = _FAR
    older: bool = False
    tampered: bool = False


class Person(msgspec.Struct, frozen=True):
    """An address of the demo, and what is special about it.

    Attributes:
        name: of the person.
        about: what is special.
        stamps: the live ones.
        deleted: those that were deleted.
        signs: True if the private key of the address is known.
    """

    name: str
    about: str
    stamps: Sequence[DemoStamp] = ()
    deleted: Sequence[DemoStamp] = ()
    signs: bool = False

    @property
    def key(self) -> bytes:
        """The private key, 32 bytes, of an address that signs."""
        return _secret(f"key of {self.name}")

    @property
    def address(self) -> str:
        """In lower case."""
        if self.signs:
            return address_of_key(self.key)
        return "0x" + _secret(f"address of {self.name}")[:20].hex()


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
        "fails: the Google account is ada's, whose stamp came first",
        [DemoStamp("Google", "ada@Google"), *_stamps("cleo", "Discord", "CleanHands")],
    ),
    Person("dan", "claims his Linkedin account first", _stamps("dan", "Linkedin", "Biometrics")),
    Person(
        "eve",
        "a second address of dan's: clashes if dan is scored before, and the other way round",
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
        "passes with stamps of both suites",
        [DemoStamp("BinanceBABT", "jun@Binance", older=True), *_stamps("jun", "Biometrics")],
    ),
    Person(
        "kim",
        "passes in community 2, fails in community 1; signs in",
        _stamps("kim", "Ens", "Google"),
        deleted=_stamps("kim", "Discord"),
        signs=True,
    ),
    Person("lea", "a stamp that no scorer weighs", _stamps("lea", "NobodyKnowsThis", "Ens")),
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
_FEW_WEIGHTS: Mapping[str, str] = {"Ens": "2.0", "Google": "1.0", "Discord": "0.5"}


def tables() -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the demo: table -> rows, each column -> value."""
    accounts = (1, 2, 3)
    return {
        "auth_user": [_user(account) for account in accounts],
        "account_account": [
            {"id": account, "user_id": account, "address": _account_address(account)}
            for account in accounts
        ],
        "account_accountapikey": [_api_key(key) for key in API_KEYS],
        "scorer_weighted_scorer": [
            {"id": 1, "type": "WEIGHTED_BINARY", "exclude_from_weight_updates": False},
            {"id": 2, "type": "WEIGHTED_BINARY", "exclude_from_weight_updates": True},
            {"id": 3, "type": "WEIGHTED", "exclude_from_weight_updates": False},
        ],
        "scorer_weighted_binaryweightedscorer": [
            {"scorer_ptr_id": 1, "weights": WEIGHTS, "threshold": "20"},
            {"scorer_ptr_id": 2, "weights": _FEW_WEIGHTS, "threshold": "2.5"},
        ],
        "scorer_weighted_weightedscorer": [
            {"scorer_ptr_id": 3, "weights": WEIGHTS, "threshold": "15.5"}
        ],
        "account_community": [
            _community(1, 1, "Standard weights"),
            _community(2, 1, "Few weights, low threshold"),
            _community(3, 2, "Of another account"),
        ],
        "ceramic_cache_ceramiccache": _stamp_rows(),
    }


def account_addresses() -> list[str]:
    """Return the addresses of the demo's accounts: a database with others is no demo."""
    return [_account_address(account) for account in (1, 2, 3)]


def _account_address(account: int) -> str:
    return "0x" + _secret(f"account {account}")[:20].hex()


def _user(account: int) -> dict[str, Any]:
    return {
        "id": account,
        "password": "!",  # Django's mark of a password that nothing matches
        "is_superuser": False,
        "username": f"demo-{account}",
        "first_name": "",
        "last_name": "",
        "email": "",
        "is_staff": False,
        "is_active": True,
        "date_joined": _ISSUED,
    }


def _api_key(key: DemoApiKey) -> dict[str, Any]:
    prefix = key.key.partition(".")[0]
    hashed = "sha256$" + hashlib.sha256(key.key.encode()).hexdigest()
    return {
        "id": f"{prefix}.demo",
        "prefix": prefix,
        "hashed_key": hashed,
        "hashed_key_sha256": hashed,
        "created": _ISSUED,
        "name": key.name,
        "revoked": False,
        "account_id": key.account_id,
        "rate_limit": "",
        "create_scorers": False,
        "read_scores": True,
        "submit_passports": True,
        "analysis_rate_limit": "",
        "historical_endpoint": True,
        "embed_rate_limit": "",
    }


def _community(community_id: int, account_id: int, name: str) -> dict[str, Any]:
    return {
        "id": community_id,
        "name": name,
        "description": name,
        "account_id": account_id,
        "scorer_id": community_id,
        "created_at": _ISSUED,
        "rule": "LIFO",
        "human_points_program": False,
    }


def _stamp_rows() -> list[dict[str, Any]]:
    rows = [_stamp_row(person, stamp) for person in PEOPLE for stamp in person.stamps]
    for person in PEOPLE:
        gone = [_stamp_row(person, stamp) for stamp in person.deleted]
        rows += [{**row, "deleted_at": _ISSUED} for row in gone]
    return [{"id": number, **row} for number, row in enumerate(rows, 1)]


def _stamp_row(person: Person, stamp: DemoStamp) -> dict[str, Any]:
    credential = credential_of(person, stamp)
    proof = credential["proof"]
    return {
        "address": person.address,
        "provider": stamp.provider,
        "stamp": credential,
        "created_at": _ISSUED,
        "updated_at": _ISSUED,
        "type": 1,
        "compose_db_save_status": "pending",
        "compose_db_stream_id": "",
        "issuance_date": _ISSUED,
        "expiration_date": stamp.expires_at,
        "proof_value": proof.get("proofValue", proof.get("jws")),
        "source_app": 1,
        "source_scorer_id": 1,
    }


def credential_of(person: Person, stamp: DemoStamp) -> dict[str, Any]:
    """Return a stamp of a person, signed."""
    digest = hashlib.sha256(stamp.account.encode()).hexdigest()
    times = {"issued_at": min(_ISSUED, stamp.expires_at), "expires_at": stamp.expires_at}
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
