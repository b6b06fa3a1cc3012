"""Every error that a caller can get: its status, its sentences, its meaning and the remedy.

This is the only table that decides on the status of an error. A row belongs to an error class,
or, where a part above the API responds (the server, AWS Lambda, the framework), to a code. The
OpenAPI documents, the page `/errors` and the `Link` header of errors are derived from it.

Source: docs/rules/http.md, "Errors".
"""

from __future__ import annotations

import msgspec

from passport_scorer.api.http.errors import (
    BodyTooLong,
    HeadersTooLong,
    InternalError,
    InvalidRequest,
    InvalidScorerId,
    NotFound,
    PathTooLong,
    RulesetNotFound,
    ServiceStopping,
    Unauthorized,
    UnsupportedEncoding,
)
from passport_scorer.auth.jwt_access_tokens import InvalidAccessToken
from passport_scorer.auth.pbkdf2 import TooManyKeyChecks
from passport_scorer.auth.rate_limits import RateLimited
from passport_scorer.catalogue.client import CatalogueUnavailable
from passport_scorer.db.errors import ClockSkew, DatabaseUnavailable, RowLocked, WriteConflict
from passport_scorer.domain.addresses import InvalidAddress
from passport_scorer.domain.api_key import InvalidApiKey, PermissionDenied
from passport_scorer.domain.bans import NoCredentials, SeveralAddresses
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.domain.errors import PassportScorerError
from passport_scorer.domain.pagination import InvalidLimit, InvalidToken
from passport_scorer.domain.score_history import InvalidCreatedAt, NoCreatedAt, NoScoreFound
from passport_scorer.domain.submissions import (
    NoStampToDelete,
    TooManyLiveStamps,
    TooManyStamps,
    UnusableEntry,
)
from passport_scorer.ethereum.eip4361 import SignInRefused
from passport_scorer.scoring.address_locks import TooManyForAddress


class ErrorHelp(msgspec.Struct, frozen=True):
    """One row: an error as callers see it.

    Attributes:
        code: the code of the error, and the anchor of its entry on the page.
        status: the HTTP status.
        sentences: what `detail` can say; `…` stands for what depends on the request.
        meaning: what happened; the first sentence stands alone in the OpenAPI documents.
        remedy: what a caller can do about it.
    """

    code: str
    status: int
    sentences: tuple[str, ...]
    meaning: str
    remedy: str


def _row(
    error: type[PassportScorerError],
    status: int,
    meaning: str,
    remedy: str,
    sentences: tuple[str, ...] = (),
) -> ErrorHelp:
    """Return the row of a class; its own sentence is the only one unless others are given."""
    own = (error.__doc__ or "").partition("\n")[0]
    return ErrorHelp(error.code, status, sentences or (own,), meaning, remedy)


GENERAL_FAILURE = InternalError().message
_RETRY = "Retry after the number of seconds in `Retry-After`; this request stored nothing."

ERROR_TABLE = (
    _row(
        InvalidAddress,
        400,
        "The address is not a valid Ethereum address: `0x` and 40 hexadecimal digits. Some "
        "endpoints also check the EIP-55 checksum of a mixed-case address.",
        "Check that the address is complete and starts with a lowercase `0x`. Write it in lower "
        "case if you do not know its checksum.",
    ),
    _row(
        NoCreatedAt,
        400,
        "`created_at` is empty.",
        "Send an ISO 8601 date or time: `created_at=2026-11-24` or "
        "`created_at=2026-11-24T03:30:00Z`.",
    ),
    _row(
        InvalidCreatedAt,
        400,
        "`created_at` is not an ISO 8601 date or time, or there is no such day.",
        "Send `2026-11-24` or `2026-11-24T03:30:00Z`. Encode the `+` of an offset as `%2B`.",
    ),
    _row(
        InvalidLimit,
        400,
        "`limit` is not between 1 and 1000.",
        "Send a number from 1 to 1000, or omit `limit`: a page then holds up to 1000 stamps.",
    ),
    _row(
        InvalidToken,
        400,
        "`token` is not a page token of this service.",
        "Do not build tokens yourself: follow the `next` and `prev` URLs of a response, or omit "
        "`token` to get the first page.",
    ),
    _row(
        InvalidScorerId,
        400,
        "No scorer has this ID.",
        "Check the scorer ID.",
    ),
    _row(
        UnusableEntry,
        400,
        "An entry of the list cannot be stored; the sentence names it, counting from 1. Nothing "
        "in the request was stored.",
        "Correct or remove that entry and send the whole list again: one entry per provider, with "
        "the credential exactly as it was issued.",
        (
            "Entry …: the provider occurs twice.",
            "Entry …: the stamp has no provider.",
            "Entry …: …",
            "A stamp contains a value that cannot be stored.",
        ),
    ),
    _row(
        TooManyLiveStamps,
        400,
        "The address would have more stamps than this deployment allows. Nothing was stored.",
        "First delete stamps that are no longer needed (`DELETE /ceramic-cache/stamps/bulk`).",
        ("An address may have at most … stamps.",),
    ),
    _row(
        NoCredentials,
        400,
        "The list is empty, or a credential has no `credentialSubject.id`.",
        "Send at least one credential, each with the `id` of its subject.",
    ),
    _row(
        SeveralAddresses,
        400,
        "The credentials were issued to different addresses.",
        "Send a separate request for each address.",
    ),
    _row(
        SignInRefused,
        400,
        "The signed message was rejected. `Verification failed!`: the message is not a Sign-In "
        "with Ethereum message (EIP-4361), names a site that this service does not allow, has "
        "expired, or is not valid yet. `Invalid nonce!`: the nonce is unknown, expired or already "
        "used. `Invalid signature!`: the address did not sign this text.",
        "Get a new nonce from `GET /account/nonce`, have the wallet sign a new message, and send "
        "its fields exactly as they were signed. A nonce works once and expires after 5 minutes.",
        (
            "Invalid nonce!",
            "Invalid signature!",
            "Verification failed!",
            "Missing address or nonce!",
            "Invalid address format!",
        ),
    ),
    ErrorHelp(
        "invalid_http_request",
        400,
        ("Invalid HTTP request received.",),
        "The request does not follow HTTP/1.1.",
        "Use an HTTP library; check handwritten headers and chunk sizes.",
    ),
    ErrorHelp(
        "no_clear_host",
        400,
        ("The request must have one valid Host header.",),
        "The `Host` header is missing, occurs twice, or is not a valid host (RFC 9112, 3.2).",
        "Use an HTTP library; check proxies that rewrite `Host`.",
    ),
    ErrorHelp(
        "unknown_event",
        400,
        ("The event is not an HTTP request from a load balancer, function URL or API Gateway.",),
        "The AWS Lambda function was invoked with an event that is not an HTTP request.",
        "Invoke it through its load balancer, function URL or API Gateway (payload format 2.0).",
    ),
    ErrorHelp(
        "unreadable_body",
        400,
        ("The body of the event is marked as base64 but cannot be decoded.",),
        "The AWS Lambda function received a body that cannot be decoded.",
        "Check what builds the event; load balancers and API Gateway encode bodies correctly.",
    ),
    _row(
        InvalidApiKey,
        401,
        "The API key is missing, wrong, revoked or expired; or more than one was sent. These "
        "cases look the same on purpose.",
        "Send the whole key, `<prefix>.<secret>`, once: in the `X-API-Key` header, or as "
        "`Authorization: Bearer <key>`. If it worked before, ask the operator of this service.",
    ),
    _row(
        InvalidAccessToken,
        401,
        "The access token is missing, malformed or expired; or the path names a different address "
        "than the token.",
        "Send `Authorization: Bearer <token>` for the address that signed in. A token is valid "
        "for 7 days; sign in again to get a new one.",
    ),
    _row(
        Unauthorized,
        401,
        "The internal token is missing or wrong.",
        "Send the token of the internal network in the `Authorization` header, without a scheme.",
    ),
    _row(
        PermissionDenied,
        403,
        "The API key is valid but lacks the permission: reading scores and reading their history "
        "are separate permissions.",
        "Ask the operator of this service for the permission, or use another key.",
    ),
    _row(
        NotFound,
        404,
        "This path does not exist. Paths have no trailing slash.",
        "Compare the path with the reference at `/docs`. Internal paths exist only on the internal "
        "listener.",
    ),
    _row(
        ScorerNotFound,
        404,
        "The scorer does not exist, is not configured, or belongs to a different account than the "
        "API key.",
        "Check the scorer ID, and that the key belongs to the same account. If the sentence says "
        "that no scorer is configured, the operator has to set `CERAMIC_CACHE_SCORER_ID`.",
        (
            "No scorer matches the given criteria.",
            "No Community matches the given query.",
            "No scorer is configured for the stamp store.",
        ),
    ),
    _row(
        NoScoreFound,
        404,
        "No score was recorded for this address in this community at or before that time.",
        "Ask for a later time, or for the current score, which is computed on demand.",
        ("No Score Found for … at …",),
    ),
    _row(
        RulesetNotFound,
        404,
        "No custom credential has this provider ID.",
        "Check the provider ID, and that its `#` is encoded as `%23`.",
    ),
    _row(
        NoStampToDelete,
        404,
        "The address has no stamp from these providers. Nothing was changed.",
        "Nothing, if the stamps were meant to be gone; otherwise check the provider names.",
    ),
    ErrorHelp(
        "method_not_allowed",
        405,
        ("Method Not Allowed",),
        "The path exists, but not with this HTTP method.",
        "Use one of the methods in the `Allow` header.",
    ),
    ErrorHelp(
        "request_timeout",
        408,
        ("The request took too long to arrive.",),
        "The request arrived too slowly, so the service stopped waiting. Nothing was stored.",
        "Send it again; check the network if this happens often.",
    ),
    _row(
        BodyTooLong,
        413,
        "The body is longer than 4 MiB, or than 64 KiB on endpoints that take no credentials.",
        "Send fewer entries per request.",
    ),
    _row(
        PathTooLong,
        414,
        "Path and query together are longer than 8 KiB.",
        "Shorten the query.",
    ),
    _row(
        UnsupportedEncoding,
        415,
        "The body is compressed. This service reads only plain JSON.",
        "Send the body uncompressed, without `Content-Encoding`.",
    ),
    _row(
        InvalidRequest,
        422,
        "A parameter or the body has the wrong shape. `detail` is a list: each item says what is "
        "wrong (`msg`), where (`loc`), and what kind of mistake it is (`type`). Nothing was "
        "stored.",
        "Compare the request with the schema at `/docs`, and correct what `loc` points to.",
        ("…",),
    ),
    _row(
        TooManyStamps,
        422,
        "The list has more than 100 entries. Nothing was stored.",
        "Split the list into requests of at most 100 entries.",
    ),
    _row(
        RateLimited,
        429,
        "The API key was used more often than its limit allows, or this network address sent too "
        "many requests with wrong keys or without credentials.",
        "Wait for the number of seconds in `Retry-After`. The headers `RateLimit-Policy` and "
        "`RateLimit` of every response state the limit and the number of requests left.",
    ),
    _row(
        HeadersTooLong,
        431,
        "The headers are longer than 32 KiB.",
        "Send fewer or shorter headers; cookies are not needed.",
    ),
    _row(
        InternalError,
        500,
        "The service failed or is misconfigured. This request stored nothing.",
        "Try again later. If it persists, tell the operator when it happened; the log has the "
        "reason.",
    ),
    _row(
        CatalogueUnavailable,
        500,
        "The stamp catalogue could not be fetched, and no earlier version is cached.",
        "Omit `include_metadata`, or try again later. Operators: check `PASSPORT_PUBLIC_URL`.",
    ),
    _row(
        DatabaseUnavailable,
        503,
        "The database did not answer in time.",
        _RETRY,
    ),
    _row(
        WriteConflict,
        503,
        "Concurrent requests for the same address or the same stamps kept changing the data.",
        _RETRY,
    ),
    _row(
        RowLocked,
        503,
        "Another database client, such as a migration, holds a lock.",
        _RETRY,
    ),
    _row(
        ClockSkew,
        503,
        "This instance takes itself out of service because a wrong clock would misjudge what has "
        "expired.",
        "Operators: synchronize the clocks (NTP). Callers: retry; another instance will respond.",
    ),
    _row(
        TooManyForAddress,
        503,
        "Too many requests for one address are waiting for each other.",
        _RETRY,
    ),
    _row(
        TooManyKeyChecks,
        503,
        "A key that is new to this service needs a slow check, and many checks are waiting.",
        _RETRY,
    ),
    ErrorHelp(
        "service_busy",
        503,
        ("The service is busy. Please try again later.",),
        "The process has as many requests as it can hold.",
        _RETRY,
    ),
    _row(
        ServiceStopping,
        503,
        "The instance is shutting down and asks load balancers to send requests elsewhere.",
        "Retry; another instance will respond.",
    ),
    ErrorHelp(
        "not_in_time",
        503,
        ("There was no answer in time. Please try again.",),
        "The AWS Lambda function ran out of time.",
        "Retry after the number of seconds in `Retry-After`.",
    ),
)
