"""Access tokens of the owners of addresses: JSON Web Tokens, issued and verified.

Two algorithms are accepted: the sign-in issues RS256, older deployments issued HS256. `alg` selects
the key, and each key has a type that fits only one algorithm, so that a public key can't be abused
as a shared secret (algorithm confusion).

Source: docs/rules/authentication.md, "Access tokens"; RFC 7519; RFC 8725 (best practices).
"""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import msgspec

from passport_scorer.auth.rsa_keys import is_key
from passport_scorer.domain.addresses import parse_address
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.telemetry.logger import log

if TYPE_CHECKING:
    from joserfc.jwk import OctKey, RSAKey

ISSUER = "passport-scorer"
LIFETIME = timedelta(days=7)
_DID = "did:pkh:eip155:1:"
_LAST_SECOND = 253_402_300_799  # of the year 9999, in seconds since 1970
_LONGEST_TOKEN = 8 * 1024  # characters; ours have some 700


class InvalidAccessToken(PassportScorerError):
    """Unauthorized"""

    code = "invalid_access_token"


class TokenKeys(msgspec.Struct, frozen=True):
    """The keys of access tokens.

    Attributes:
        public_key: PEM; None: RS256 tokens are rejected.
        private_key: PEM; None: no tokens are issued.
        secret: for HS256; None: HS256 tokens are rejected.
    """

    public_key: str | None = None
    private_key: str | None = None
    secret: str | None = None

    def __repr__(self) -> str:
        return "TokenKeys(…)"


class _Header(msgspec.Struct, frozen=True):
    alg: Literal["RS256", "HS256"]


class _Claims(msgspec.Struct, frozen=True):
    did: str
    exp: int | float
    nbf: int | float | msgspec.UnsetType = msgspec.UNSET
    iat: int | float | msgspec.UnsetType = msgspec.UNSET
    iss: str | None = None
    token_type: str | None = None


class AccessTokens:
    """Issues and verifies access tokens."""

    def __init__(self, keys: TokenKeys, clock: Callable[[], datetime]) -> None:
        self._keys = keys
        self._clock = clock

    @property
    def can_issue(self) -> bool:
        """False if there is no key to sign with."""
        return self._keys.private_key is not None

    def address_of(self, token: str) -> str:
        """Return the address, in lower case, of the token's owner.

        Args:
            token: the token of the header `Authorization: Bearer …`.

        Raises:
            InvalidAccessToken: the token is invalid; only the log says which check failed.
        """
        try:
            algorithm = _algorithm(token)
            key = self._public_key if algorithm == "RS256" else self._secret
            return self._address(algorithm, _verified_claims(token, algorithm, key))
        except Exception as error:  # noqa: BLE001  an untrusted token can fail in any way
            log.info("access_token_rejected", reason=_reason(error))
            raise InvalidAccessToken from None

    def issue(self, address: str) -> str:
        """Return a token, valid for 7 days, for the owner of an address in lower case."""
        from joserfc import jwt
        from joserfc.jwk import RSAKey

        assert self._keys.private_key is not None  # noqa: S101  see `can_issue`
        now = int(self._clock().timestamp())
        claims = {
            "did": _DID + address,
            "iat": now,
            "exp": now + int(LIFETIME.total_seconds()),
            "jti": str(uuid.uuid4()),
            "iss": ISSUER,
            "token_type": "access",
        }
        key = RSAKey.import_key(self._keys.private_key)
        return jwt.encode({"alg": "RS256"}, claims, key, algorithms=["RS256"])

    def _address(self, algorithm: str, claims: _Claims) -> str:
        _check_times(claims, self._clock().timestamp())
        if algorithm == "RS256" and claims.iss != ISSUER:
            raise _Refused("issuer")
        if algorithm == "HS256" and claims.token_type != "access":  # noqa: S105
            raise _Refused("type")
        if not claims.did.startswith(_DID):
            raise _Refused("did")
        return parse_address(claims.did.removeprefix(_DID))

    @cached_property
    def _public_key(self) -> RSAKey | None:
        from joserfc.jwk import RSAKey

        return RSAKey.import_key(self._keys.public_key) if self._keys.public_key else None

    @cached_property
    def _secret(self) -> OctKey | None:
        from joserfc.jwk import OctKey

        if not self._keys.secret:
            return None
        if is_key(self._keys.secret):
            log.error("secret_not_used", reason="JWT_SECRET, else SECRET_KEY, is a PEM or SSH key")
            return None
        with warnings.catch_warnings(record=True) as caught:  # a short secret: for our own log
            warnings.simplefilter("always")
            key = OctKey.import_key(self._keys.secret)
        if caught:
            log.warning("secret_too_short", reason="JWT_SECRET, else SECRET_KEY, is easy to guess")
        return key


class _Refused(Exception):
    """The reason, for the log."""


def _algorithm(token: str) -> Literal["RS256", "HS256"]:
    """Return the algorithm of the header, if it is one of the two; nothing is verified yet."""
    if len(token) > _LONGEST_TOKEN:
        raise _Refused("too long")
    from joserfc.util import urlsafe_b64decode

    header = urlsafe_b64decode(token.partition(".")[0].encode("ascii"))
    return msgspec.json.decode(header, type=_Header).alg


def _verified_claims(token: str, algorithm: str, key: RSAKey | OctKey | None) -> _Claims:
    from joserfc import jwt

    if key is None:
        raise _Refused("not configured")
    return msgspec.convert(jwt.decode(token, key, algorithms=[algorithm]).claims, _Claims)


def _check_times(claims: _Claims, now: float) -> None:
    """Check the times; Python's JSON also reads Infinity and NaN, which would never expire."""
    for time in (claims.exp, claims.nbf, claims.iat):
        if not isinstance(time, msgspec.UnsetType) and not 0 <= time <= _LAST_SECOND:
            raise _Refused("time out of range")
    if not claims.exp > now:
        raise _Refused("expired")
    if not isinstance(claims.nbf, msgspec.UnsetType) and not claims.nbf <= now:
        raise _Refused("not valid yet")


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, _Refused) else type(error).__name__
