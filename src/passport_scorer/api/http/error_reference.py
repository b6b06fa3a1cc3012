"""Every error that a caller can meet: its status, its sentences, what it means and what to do.

The status of an error is decided here alone.

Source: specification, http.md ("Errors").
"""

from __future__ import annotations

import msgspec


class ErrorHelp(msgspec.Struct, frozen=True):
    """What there is to know about an error.

    Attributes:
        code: the code of the error, and the anchor of its entry on the page.
        status: the HTTP status.
        sentences: what `detail` may say; `…` stands for what depends on the request.
        meaning: what happened; sentences for people.
        remedy: what a caller can do about it.
    """

    code: str
    status: int
    sentences: tuple[str, ...]
    meaning: str
    remedy: str


GENERAL_FAILURE = "Something went wrong on our side. Please try again later."
_AGAIN = "Try again after the seconds in `Retry-After`; nothing of this request was stored."

ERROR_TABLE = (
    ErrorHelp(
        "invalid_address",
        400,
        ("Invalid address.",),
        "The address is not a valid Ethereum address: `0x` and 40 hexadecimal digits. Some "
        "endpoints also check the EIP-55 checksum of an address in mixed case.",
        "Check that the address is complete and starts with a lower-case `0x`. Write it in lower "
        "case if you do not know its checksum.",
    ),
    ErrorHelp(
        "no_created_at",
        400,
        ("You must provide created_at as a query param.",),
        "`created_at` is empty.",
        "Send a date or a time in ISO 8601: `created_at=2026-11-24` or "
        "`created_at=2026-11-24T03:30:00Z`.",
    ),
    ErrorHelp(
        "invalid_created_at",
        400,
        ("Invalid created_at: it must be a date or a time in ISO 8601.",),
        "`created_at` is not a date or time in ISO 8601, or such a day does not exist.",
        "Send `2026-11-24` or `2026-11-24T03:30:00Z`. Encode the `+` of an offset as `%2B`.",
    ),
    ErrorHelp(
        "invalid_limit",
        400,
        ("Invalid limit.",),
        "`limit` is not between 1 and 1000.",
        "Send a number from 1 to 1000, or leave `limit` out: a page then holds up to 1000 stamps.",
    ),
    ErrorHelp(
        "invalid_page_token",
        400,
        ("Invalid token.",),
        "`token` is not a page token of this service.",
        "Do not build tokens: follow the URLs `next` and `prev` of an answer, or leave `token` out "
        "for the first page.",
    ),
    ErrorHelp(
        "invalid_scorer_id",
        400,
        ("Invalid scorer_id",),
        "No scorer has this id.",
        "Check the id of the scorer.",
    ),
    ErrorHelp(
        "unusable_entry",
        400,
        (
            "Entry …: the provider occurs twice.",
            "Entry …: the stamp has no provider.",
            "Entry …: …",
            "A stamp holds what the database can't hold.",
        ),
        "One entry of the list cannot be stored; the sentence names it, counting from 1. Nothing "
        "of the call was stored.",
        "Correct or remove that entry, and send the whole list again: one entry for each provider, "
        "with the credential exactly as it was issued.",
    ),
    ErrorHelp(
        "too_many_live_stamps",
        400,
        ("An address may have at most … stamps.",),
        "The address would have more stamps than this deployment allows. Nothing was stored.",
        "Delete stamps that are no longer needed (`DELETE /ceramic-cache/stamps/bulk`) first.",
    ),
    ErrorHelp(
        "no_credentials",
        400,
        ("Must provide valid credential(s)",),
        "The list is empty, or a credential has no `credentialSubject.id`.",
        "Send at least one credential, each with the `id` of its subject.",
    ),
    ErrorHelp(
        "several_addresses",
        400,
        ("All credentials must be issued to the same address",),
        "The credentials are about different addresses.",
        "Make one call for each address.",
    ),
    ErrorHelp(
        "sign_in_rejected",
        400,
        (
            "Missing address or nonce!",
            "Invalid address format!",
            "Verification failed!",
            "Invalid nonce!",
            "Invalid signature!",
        ),
        "The signed message does not let its sender in. `Verification failed!`: the message is not "
        "a Sign-In with Ethereum message (EIP-4361), is for a site that this service does not "
        "allow, has expired, or is not valid yet. `Invalid nonce!`: the nonce is unknown, expired "
        "or used. `Invalid signature!`: the address did not sign this text.",
        "Get a new nonce from `GET /account/nonce`, have the wallet sign a new message, and send "
        "its fields exactly as they were signed. A nonce works once, within 5 minutes.",
    ),
    ErrorHelp(
        "invalid_http_request",
        400,
        ("Invalid HTTP request received.",),
        "The request does not follow HTTP/1.1.",
        "Use an HTTP library; check hand-made headers and chunk sizes.",
    ),
    ErrorHelp(
        "no_clear_host",
        400,
        ("The request must have one valid Host header.",),
        "The header `Host` is missing, occurs twice, or does not name a host (RFC 9112, 3.2).",
        "Use an HTTP library; check proxies that rewrite `Host`.",
    ),
    ErrorHelp(
        "unknown_event",
        400,
        ("The event is no HTTP request of a load balancer, a function URL or API Gateway.",),
        "The AWS Lambda function was called with something else than an HTTP request.",
        "Call it through its load balancer, function URL or API Gateway (payload format 2.0).",
    ),
    ErrorHelp(
        "unreadable_body",
        400,
        ("The body of the event is said to be base64, and isn't.",),
        "The AWS Lambda function was given a body that cannot be decoded.",
        "Check what builds the event; load balancers and API Gateway encode bodies correctly.",
    ),
    ErrorHelp(
        "invalid_api_key",
        401,
        ("Invalid API Key.",),
        "The API key is missing, wrong, revoked or expired; or more than one was sent. All of "
        "these look the same on purpose.",
        "Send the whole key, `<prefix>.<secret>`, once: in the header `X-API-Key`, or as "
        "`Authorization: Bearer <key>`. If it worked before, ask the operator of this service.",
    ),
    ErrorHelp(
        "invalid_access_token",
        401,
        ("Unauthorized",),
        "The access token is missing, malformed or expired; or the path names another address than "
        "the token's.",
        "Send `Authorization: Bearer <token>`, for the address that signed in. A token is valid "
        "for 7 days: sign in again for a new one.",
    ),
    ErrorHelp(
        "unauthorized",
        401,
        ("Unauthorized",),
        "The internal token is missing or wrong.",
        "Send the token of the internal network in the header `Authorization`, without a scheme.",
    ),
    ErrorHelp(
        "permission_denied",
        403,
        ("Invalid permissions for action.",),
        "The API key is valid, but may not do this: reading scores and reading their history are "
        "separate permissions.",
        "Ask the operator of this service for the permission, or use another key.",
    ),
    ErrorHelp(
        "not_found",
        404,
        ("Not Found",),
        "There is nothing at this path. Paths have no trailing slash.",
        "Compare the path with the reference at `/docs`. Internal paths exist on the internal "
        "listener only.",
    ),
    ErrorHelp(
        "scorer_not_found",
        404,
        (
            "No scorer matches the given criteria.",
            "No Community matches the given query.",
            "No scorer is configured for the stamp store.",
        ),
        "The scorer does not exist, or belongs to another account than the API key.",
        "Check the scorer id and that the key is of the same account. If the sentence says that "
        "no scorer is configured, the operator has to set `CERAMIC_CACHE_SCORER_ID`.",
    ),
    ErrorHelp(
        "no_score_found",
        404,
        ("No Score Found for … at …",),
        "No score of this address in this community was recorded at or before that time.",
        "Ask for a later time, or for the current score, which is computed if there is none.",
    ),
    ErrorHelp(
        "ruleset_not_found",
        404,
        ("Not Found",),
        "No custom credential has this provider id.",
        "Check the provider id, and that its `#` is encoded as `%23`.",
    ),
    ErrorHelp(
        "no_stamp_to_delete",
        404,
        ("Unable to find stamp to delete.",),
        "The address has no stamp of these providers. Nothing was changed.",
        "Nothing, if the stamps were meant to be gone; else check the names of the providers.",
    ),
    ErrorHelp(
        "method_not_allowed",
        405,
        ("Method Not Allowed",),
        "The path exists, but not with this HTTP method.",
        "Use one of the methods in the header `Allow`.",
    ),
    ErrorHelp(
        "request_timeout",
        408,
        ("The request took too long to arrive.",),
        "The request came too slowly, and was given up. Nothing was stored.",
        "Send it again; check the network if it happens often.",
    ),
    ErrorHelp(
        "too_long",
        413,
        ("The body of the request is too long.",),
        "The body has more than 4 MiB, or more than 64 KiB where no caller is known.",
        "Send fewer entries in one call.",
    ),
    ErrorHelp(
        "path_too_long",
        414,
        ("The path of the request is too long.",),
        "Path and query have more than 8 KiB.",
        "Shorten the query.",
    ),
    ErrorHelp(
        "unsupported_encoding",
        415,
        ("The body must not be compressed: send it without Content-Encoding.",),
        "The body is compressed. This service reads plain JSON only.",
        "Send the body as it is, without `Content-Encoding`.",
    ),
    ErrorHelp(
        "invalid_request",
        422,
        ("…",),
        "A parameter or the body has the wrong shape. `detail` is a list: each entry says what is "
        "wrong (`msg`), where (`loc`), and which kind of mistake it is (`type`). Nothing was "
        "stored.",
        "Compare the request with the schema at `/docs`, and correct what `loc` names.",
    ),
    ErrorHelp(
        "too_many_stamps",
        422,
        ("You have submitted too many stamps.",),
        "The list has more than 100 entries. Nothing was stored.",
        "Split the list into calls of at most 100 entries.",
    ),
    ErrorHelp(
        "rate_limited",
        429,
        ("You have been rate limited!",),
        "The API key was used more often than its limit allows, or this network address made too "
        "many calls with wrong keys or without a caller.",
        "Wait for the seconds in `Retry-After`. The headers `RateLimit-Policy` and `RateLimit` of "
        "every answer say what the limit is and what is left of it.",
    ),
    ErrorHelp(
        "headers_too_long",
        431,
        ("The headers of the request are too long.",),
        "The headers have more than 32 KiB.",
        "Send fewer or shorter headers; cookies are not needed.",
    ),
    ErrorHelp(
        "internal_error",
        500,
        (GENERAL_FAILURE,),
        "A fault of this service, or of how it is set up. Nothing of this request was stored.",
        "Try again later. If it stays, tell the operator when it happened; the log says why.",
    ),
    ErrorHelp(
        "catalogue_unavailable",
        500,
        ("Error fetching external stamp metadata",),
        "The stamp catalogue could not be fetched, and no earlier copy exists.",
        "Leave `include_metadata` out, or try again later. Operators: check `PASSPORT_PUBLIC_URL`.",
    ),
    ErrorHelp(
        "database_unavailable",
        503,
        ("The database can't be reached right now.",),
        "The database did not answer in time.",
        _AGAIN,
    ),
    ErrorHelp(
        "write_conflict",
        503,
        ("What a decision was made on has changed before it could be written.",),
        "Other requests for the same address or the same stamps kept changing them.",
        _AGAIN,
    ),
    ErrorHelp(
        "row_locked",
        503,
        ("Another transaction holds a lock that this request needs. Please try again.",),
        "Something else, such as a migration, holds a lock in the database.",
        _AGAIN,
    ),
    ErrorHelp(
        "clock_skew",
        503,
        ("The clocks of this instance and of the database differ too much.",),
        "This instance takes itself out of service, since it would misjudge what has expired.",
        "Operators: synchronize the clocks (NTP). Callers: try again; another instance answers.",
    ),
    ErrorHelp(
        "too_many_for_address",
        503,
        ("Too many requests for this address are under way. Try again.",),
        "Many requests for one address wait for each other.",
        _AGAIN,
    ),
    ErrorHelp(
        "too_many_key_checks",
        503,
        ("Too many API keys are being checked right now. Try again.",),
        "Keys that were never used on this service need a slow check, and many are waiting.",
        _AGAIN,
    ),
    ErrorHelp(
        "service_busy",
        503,
        ("The service is busy. Please try again later.",),
        "The process has as many requests as it can hold.",
        _AGAIN,
    ),
    ErrorHelp(
        "service_stopping",
        503,
        ("The service is about to stop.",),
        "The instance is shutting down, and asks load balancers to send requests elsewhere.",
        "Try again; another instance answers.",
    ),
    ErrorHelp(
        "not_in_time",
        503,
        ("There was no answer in time. Please try again.",),
        "The AWS Lambda function ran out of time.",
        "Try again after the seconds in `Retry-After`.",
    ),
)
