"""A key matches only the hash that was made of it."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passport_scorer.auth.key_hashes import (
    is_pbkdf2_hash,
    matches_pbkdf2_hash,
    matches_sha256_hash,
    sha256_hash,
)

KEY = "abc.secret"
# PBKDF2-HMAC-SHA256 of "password" with the salt "salt" and 4096 iterations, as published.
PUBLISHED = bytes.fromhex("c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a")


def pbkdf2_hash(key: str, iterations: int = 2, salt: str = "salt") -> str:
    """A hash as existing deployments hold it."""
    derived = hashlib.pbkdf2_hmac("sha256", key.encode(), salt.encode(), iterations)
    return f"pbkdf2_sha256${iterations}${salt}${base64.b64encode(derived).decode()}"


def test_the_published_vector() -> None:
    """A derivation that others have published matches its password, and no other."""
    stored = f"pbkdf2_sha256$4096$salt${base64.b64encode(PUBLISHED).decode()}"
    assert [matches_pbkdf2_hash(key, stored) for key in ("password", "Password")] == [True, False]


def test_the_sha256_hash_is_the_digest_of_the_whole_key() -> None:
    """The text is sha256$ and the digest in hexadecimal."""
    assert sha256_hash("abc") == (
        "sha256$ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


# HMAC fills short keys up with NUL, so '' and a NUL are one key; no key that is given out has any.
_TEXT = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=50)


@given(key=_TEXT, other=_TEXT, salt=st.text("abcXYZ09", max_size=22))
def test_a_hash_matches_its_own_key_alone(key: str, other: str, salt: str) -> None:
    """Both kinds of hash match exactly the key that they were made of."""
    assert matches_pbkdf2_hash(other, pbkdf2_hash(key, salt=salt)) is (key == other)
    assert matches_sha256_hash(other, sha256_hash(key)) is (key == other)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        KEY,
        "sha256$",
        "md5$" + hashlib.md5(KEY.encode()).hexdigest(),
        hashlib.sha256(KEY.encode()).hexdigest(),
        "sha256$" + hashlib.sha256(KEY.encode()).hexdigest().upper(),
        sha256_hash(KEY) + " ",
        pbkdf2_hash(KEY).replace("pbkdf2_sha256", "pbkdf2_sha1"),
        pbkdf2_hash(KEY).replace("$2$", "$two$"),
        pbkdf2_hash(KEY).replace("$2$", "$0$"),
        pbkdf2_hash(KEY).replace("$2$", "$-2$"),
        pbkdf2_hash(KEY).replace("$2$", "$5000001$"),
        pbkdf2_hash(KEY).replace("$2$", "$" + "9" * 5000 + "$"),
        pbkdf2_hash(KEY) + "$more",
        pbkdf2_hash(KEY).rpartition("$")[0],
        pbkdf2_hash(KEY).rpartition("$")[0] + "$",
        pbkdf2_hash(KEY)[:-1],
        pbkdf2_hash(KEY)[:-4] + "!" + pbkdf2_hash(KEY)[-4:],
        pbkdf2_hash(KEY).rpartition("$")[0] + "$é",
    ],
)
def test_another_format_never_matches(stored: str) -> None:
    """A hash in neither format, or out of bounds, matches no key."""
    assert not matches_pbkdf2_hash(KEY, stored)
    assert not matches_sha256_hash(KEY, stored)


def test_the_slow_format_is_told_by_its_form() -> None:
    """A hash is slow if it has the form of one, whatever it was made of."""
    assert [is_pbkdf2_hash(stored) for stored in (pbkdf2_hash(KEY), sha256_hash(KEY), "")] == [
        True,
        False,
        False,
    ]
