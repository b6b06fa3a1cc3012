"""Access tokens: each check alone refuses, and all refusals look alike."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.auth.jwt_access_tokens import AccessTokens, InvalidAccessToken, TokenKeys
from tests.support.captured_logs import capture_logs

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADDRESS = "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"
SECRET = "a secret that nobody else knows, long enough"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
PRIVATE_PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
KEYS = TokenKeys(PUBLIC_PEM, PRIVATE_PEM, SECRET)
GOOD: dict[str, Any] = {
    "did": f"did:pkh:eip155:1:{ADDRESS}",
    "exp": int(NOW.timestamp()) + 60,
    "iss": "passport-scorer",
    "token_type": "access",
}

Sign = Callable[[bytes], bytes]


def encoded(octets: bytes) -> bytes:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def written(header: object, claims: object, sign: Sign) -> str:
    """A token, made by hand, so that it may be as wrong as it likes."""
    parts = [encoded(json.dumps(part).encode()) for part in (header, claims)]
    signed = b".".join(parts)
    return (signed + b"." + encoded(sign(signed))).decode()


def by_key(key: rsa.RSAPrivateKey = KEY) -> Sign:
    """Signs as RS256."""
    return lambda octets: key.sign(octets, padding.PKCS1v15(), hashes.SHA256())


def by_secret(secret: str = SECRET) -> Sign:
    """Signs as HS256."""
    return lambda octets: hmac.digest(secret.encode(), octets, hashlib.sha256)


def rs256(**claims: object) -> str:
    """A good token of this kind, with other claims; ... leaves one out."""
    return written({"alg": "RS256", "typ": "JWT"}, changed(claims), by_key())


def hs256(**claims: object) -> str:
    """A good token of this kind, with other claims; ... leaves one out."""
    return written({"alg": "HS256", "typ": "JWT"}, changed(claims), by_secret())


def changed(claims: dict[str, object]) -> dict[str, object]:
    """The good claims with others."""
    return {name: value for name, value in {**GOOD, **claims}.items() if value is not ...}


def tokens(keys: TokenKeys = KEYS, now: datetime = NOW) -> AccessTokens:
    """Access tokens at a time."""
    return AccessTokens(keys, lambda: now)


def refused(token: str, keys: TokenKeys = KEYS) -> bool:
    """Return True if a token is refused, with the one sentence."""
    try:
        tokens(keys).address_of(token)
    except InvalidAccessToken as error:
        return error.message == "Unauthorized"
    return False


def test_both_kinds() -> None:
    """A good token of either kind says whose it is, in lower case."""
    mixed = "did:pkh:eip155:1:0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
    assert tokens().address_of(rs256(did=mixed)) == ADDRESS
    assert tokens().address_of(hs256(did=mixed)) == ADDRESS


def test_the_issued_token() -> None:
    """An issued token is good for 7 days, and has the claims that it must have."""
    token = tokens().issue(ADDRESS)
    header, claims = (
        json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2]
    )
    assert header == {"alg": "RS256", "typ": "JWT"}
    assert len(claims.pop("jti")) == 36
    assert claims == {
        "did": f"did:pkh:eip155:1:{ADDRESS}",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 604_800,
        "iss": "passport-scorer",
        "token_type": "access",
    }
    last = NOW + timedelta(days=7) - timedelta(seconds=1)
    assert tokens(now=last).address_of(token) == ADDRESS
    with pytest.raises(InvalidAccessToken):
        tokens(now=NOW + timedelta(days=7)).address_of(token)


def test_issued_tokens_differ() -> None:
    """Two tokens of one address at one time are two."""
    assert tokens().issue(ADDRESS) != tokens().issue(ADDRESS)


def test_whether_tokens_can_be_issued() -> None:
    """Without a private key, signing fails."""
    assert tokens().can_issue
    assert not tokens(TokenKeys(PUBLIC_PEM, None, SECRET)).can_issue


@pytest.mark.parametrize("kind", [rs256, hs256])
@pytest.mark.parametrize(
    "claims",
    [
        {"exp": ...},
        {"exp": None},
        {"exp": "4102444800"},
        {"exp": True},
        {"exp": []},
        {"exp": float("nan")},
        {"exp": int(NOW.timestamp())},
        {"exp": int(NOW.timestamp()) - 1},
        {"exp": -(10**400)},
        {"exp": 10**400},
        {"exp": float("inf")},
        {"exp": float("-inf")},
        {"exp": 1e300},
        {"exp": 253_402_300_800},
        {"exp": {}},
        {"nbf": float("nan")},
        {"nbf": float("-inf")},
        {"nbf": -1},
        {"nbf": "0"},
        {"nbf": False},
        {"nbf": None},
        {"iat": float("inf")},
        {"iat": float("nan")},
        {"iat": -1},
        {"iat": "0"},
        {"iat": True},
        {"iat": []},
        {"nbf": int(NOW.timestamp()) + 1},
        {"did": ...},
        {"did": None},
        {"did": 5},
        {"did": [f"did:pkh:eip155:1:{ADDRESS}"]},
        {"did": {}},
        {"did": True},
        {"did": ""},
        {"did": ADDRESS},
        {"did": f"did:pkh:eip155:10:{ADDRESS}"},
        {"did": f"did:pkh:eip155:1:{ADDRESS}:"},
        {"did": f"did:pkh:eip155:1:x:{ADDRESS}"},
        {"did": f"did:pkh:eip155:1:{ADDRESS}\n"},
        {"did": "did:pkh:eip155:1:0X" + ADDRESS[2:]},
        {"did": "did:pkh:eip155:1:0x" + "٣" * 40},
    ],
    ids=repr,
)
def test_claims_that_are_refused(kind: Callable[..., str], claims: dict[str, object]) -> None:
    """A token that has ended, or has no end or no owner, is refused."""
    assert refused(kind(**claims))


@pytest.mark.parametrize("kind", [rs256, hs256])
@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "somebody else"},
        {"aud": ["a", "b"]},
        {"iat": int(NOW.timestamp()) + 10**6},
        {"nbf": int(NOW.timestamp())},
        {"exp": NOW.timestamp() + 0.5},
        {"exp": 253_402_300_799},
        {"iat": NOW.timestamp() - 0.5},
        {"nbf": 0},
        {"sub": 5, "unknown": {"a": [1]}},
    ],
    ids=repr,
)
def test_claims_that_are_ignored(kind: Callable[..., str], claims: dict[str, object]) -> None:
    """The audience and unknown claims don't matter."""
    assert not refused(kind(**claims))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(
    st.sampled_from([rs256, hs256]),
    st.dictionaries(st.sampled_from(["did", "exp", "nbf", "iat"]), JSON, min_size=1),
)
def test_claims_of_any_kind(kind: Callable[..., str], claims: dict[str, Any]) -> None:
    """Whatever the claims are, a token counts only with an end in the future that is one."""
    merged = {**GOOD, **claims}
    if not refused(kind(**claims)):
        assert merged["did"] == GOOD["did"]
        times = [merged[name] for name in ("exp", "nbf", "iat") if name in merged]
        assert all(type(time) in {int, float} and 0 <= time < 253_402_300_800 for time in times)
        assert merged.get("nbf", 0) <= NOW.timestamp() < merged["exp"]


@pytest.mark.parametrize("text", ["1e400", "Infinity", "-Infinity", "NaN", "1E+999", "9" * 4301])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_numbers_as_they_may_be_written(name: str, text: str) -> None:
    """Numbers that only Python's JSON accepts, or that are too large, are refused."""
    claims = json.dumps({**GOOD, name: 4711}).replace("4711", text).encode()
    header = encoded(b'{"alg":"HS256"}')
    signed = header + b"." + encoded(claims)
    assert refused((signed + b"." + encoded(by_secret()(signed))).decode())


@pytest.mark.parametrize("issuer", ["somebody-else", "", None, ..., 5, ["passport-scorer"]])
def test_the_issuer(issuer: object) -> None:
    """A token of the kind RS256 must be issued by us."""
    assert refused(rs256(iss=issuer))


def test_the_issuer_of_the_other_kind() -> None:
    """A token of the kind HS256 needs none."""
    assert not refused(hs256(iss=...))
    assert not refused(hs256(iss="somebody-else"))


@pytest.mark.parametrize("token_type", ["refresh", "", None, ..., "Access", 5])
def test_the_type(token_type: object) -> None:
    """An HS256 token must be an access token; a refresh token is rejected."""
    assert refused(hs256(token_type=token_type))


def test_the_type_of_the_other_kind() -> None:
    """A token of the kind RS256 needs no type."""
    assert not refused(rs256(token_type=...))


@pytest.mark.parametrize(
    "algorithm",
    [
        "none",
        "None",
        "",
        "HS384",
        "HS512",
        "RS384",
        "PS256",
        "ES256",
        "rs256",
        "hs256",
        None,
        5,
        [],
    ],
)
@pytest.mark.parametrize("sign", [by_key(), by_secret(), lambda _octets: b""])
def test_other_algorithms(algorithm: object, sign: Sign) -> None:
    """No algorithm but the two is accepted, whatever signature follows."""
    assert refused(written({"alg": algorithm, "typ": "JWT"}, GOOD, sign))


@pytest.mark.parametrize("algorithm", ["RS256", "HS256"])
@pytest.mark.parametrize(
    "sign",
    [
        by_key(OTHER_KEY),
        by_secret("another secret, just as long as the good one"),
        by_secret(PUBLIC_PEM),
        by_secret(PUBLIC_PEM.strip()),
        by_secret(""),
        lambda _octets: b"",
        lambda _octets: bytes(256),
    ],
)
def test_other_signatures(algorithm: str, sign: Sign) -> None:
    """A signature of another key, of the public key as a secret, or of nothing is refused."""
    assert refused(written({"alg": algorithm, "typ": "JWT"}, GOOD, sign))


def test_a_signature_of_the_other_kind() -> None:
    """A good signature of one algorithm doesn't count under the other's name."""
    assert refused(written({"alg": "HS256"}, GOOD, by_key()))
    assert refused(written({"alg": "RS256"}, GOOD, by_secret()))


@pytest.mark.parametrize(
    "secret",
    [
        PUBLIC_PEM,
        PUBLIC_PEM.strip(),
        PRIVATE_PEM,
        base64.b64encode(PUBLIC_PEM.encode()).decode(),
        "".join(PUBLIC_PEM.splitlines()[1:-1]),
    ],
)
def test_a_key_is_never_a_secret(secret: str) -> None:
    """Where the configured secret is a key, what is signed with it is refused."""
    token = written({"alg": "HS256", "typ": "JWT"}, GOOD, by_secret(secret))
    assert refused(token, TokenKeys(PUBLIC_PEM, None, secret))
    assert not refused(rs256(), TokenKeys(PUBLIC_PEM, None, secret))


def test_nothing_configured() -> None:
    """Without a key or a secret, tokens of that kind are refused; those of the other aren't."""
    for keys in (TokenKeys(), TokenKeys(secret="")):
        assert refused(rs256(), keys)
        assert refused(hs256(), keys)
        assert refused(written({"alg": "HS256"}, GOOD, by_secret("")), keys)
    assert not refused(rs256(), TokenKeys(public_key=PUBLIC_PEM))
    assert refused(hs256(), TokenKeys(public_key=PUBLIC_PEM))
    assert not refused(hs256(), TokenKeys(secret=SECRET))
    assert refused(rs256(), TokenKeys(secret=SECRET))


HEADER, CLAIMS, SIGNATURE = rs256().split(".")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "nonsense",
        "ünsinn.ünsinn.ünsinn",
        "\ud800",
        f"{HEADER}.{CLAIMS}",
        f"{HEADER}.{CLAIMS}.",
        f"{HEADER}..{SIGNATURE}",
        f".{CLAIMS}.{SIGNATURE}",
        f"{HEADER}.{CLAIMS}.{SIGNATURE}.",
        f"{HEADER}.{CLAIMS}.{SIGNATURE}.{SIGNATURE}.{SIGNATURE}",
        f"{HEADER}.{CLAIMS}.{SIGNATURE[:-4]}",
        f"{HEADER}.{CLAIMS}.ü{SIGNATURE}",
        f"{HEADER} .{CLAIMS}.{SIGNATURE}",
        f"{HEADER}.{CLAIMS[:-2]}.{SIGNATURE}",
        "e30." + CLAIMS + "." + SIGNATURE,
        encoded(b'"RS256"').decode() + "." + CLAIMS + "." + SIGNATURE,
        encoded(b"[" * 5000).decode() + "." + CLAIMS + "." + SIGNATURE,
        encoded(b'{"alg":"RS256","x":' + b"[" * 5000).decode() + "." + CLAIMS + "." + SIGNATURE,
        rs256(filling="x" * 100_000),
    ],
    ids=range(22),
)
def test_no_token_at_all(token: str) -> None:
    """Text that isn't a token, and a huge token, are refused like any other."""
    assert refused(token)


@pytest.mark.parametrize(
    "claims", [[], "did", None, 5, {"did": {"did": []}, "exp": 10**10}], ids=repr
)
def test_signed_claims_of_another_shape(claims: object) -> None:
    """A signed document that isn't an object with these claims is refused."""
    assert refused(written({"alg": "RS256"}, claims, by_key()))


def test_headers_that_ask_for_more() -> None:
    """A key in the header isn't used, and an extension that we don't know isn't ignored."""
    numbers = OTHER_KEY.public_key().public_numbers()
    own = {"kty": "RSA", "n": encoded(numbers.n.to_bytes(256)).decode(), "e": "AQAB"}
    assert refused(written({"alg": "RS256", "jwk": own}, GOOD, by_key(OTHER_KEY)))
    assert refused(written({"alg": "RS256", "crit": ["x"], "x": 1}, GOOD, by_key()))


def test_keys_are_not_shown() -> None:
    """The text of the keys for a log contains none of them."""
    assert repr(KEYS) == "TokenKeys(…)"


def test_a_short_secret() -> None:
    """A secret that is easy to guess still counts, and the log says that it is one."""
    token = written({"alg": "HS256"}, GOOD, by_secret("hush"))
    with capture_logs() as logs:
        assert not refused(token, TokenKeys(secret="hush"))
    assert [entry["event"] for entry in logs] == ["secret_too_short"]
    assert "hush" not in str(logs)


def test_the_log_says_why() -> None:
    """Operators learn which check failed, but not the token."""
    token = rs256(exp=1)
    with capture_logs() as logs:
        assert refused(token)
    (entry,) = logs
    assert (entry["event"], entry["reason"]) == ("access_token_rejected", "expired")
    assert token not in str(logs)
