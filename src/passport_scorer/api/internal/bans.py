"""`POST /internal/check-bans`: which of these credentials are banned?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from starlette.responses import Response

from passport_scorer.api.guards.internal import INTERNAL, InternalCall
from passport_scorer.api.http.endpoint import Body, Endpoint, ResponseDoc
from passport_scorer.api.http.errors import InvalidRequest, Problem
from passport_scorer.api.http.requests import json_body, list_of_at_most, members
from passport_scorer.api.http.responses import json_response
from passport_scorer.api.operations.examples import BANNED_HASH
from passport_scorer.api.schemas.parameters import EXAMPLE_ADDRESS
from passport_scorer.db.queries.bans import find_bans
from passport_scorer.domain.bans import (
    Ban,
    NoCredentials,
    SeveralAddresses,
    Subject,
    banned_address,
    first_bans,
)
from passport_scorer.domain.bounded_types import HashText, StorableText
from passport_scorer.domain.timestamps import event_time
from passport_scorer.ethereum.did import address_spellings

MOST_CREDENTIALS = 1000  # per request; an address has about a hundred stamps


class CheckedSubject(msgspec.Struct, frozen=True, gc=False):
    """The part of a credential's subject that a ban can name.

    Attributes:
        id: the DID of the address that the credential was issued to.
        provider: the provider of the credential; if omitted or null, no ban on a single stamp
            applies.
        hash: the nullifier of the credential; if omitted or null, no ban on a hash applies.
    """

    id: StorableText | None = None
    provider: StorableText | None = None
    hash: HashText | None = None


class CheckedCredential(msgspec.Struct, frozen=True, gc=False):
    """A credential; other members are ignored.

    Attributes:
        credentialSubject: the address it was issued to, and what it attests.
    """

    credentialSubject: CheckedSubject  # noqa: N815  as in the document


class BanCheck(msgspec.Struct, frozen=True, gc=False):
    """The ban status of a credential.

    Attributes:
        hash: the hash as it was sent.
        is_banned: whether a ban applies; if not, the remaining members are null.
        end_time: when the ban ends; null if it does not end.
        ban_type: `account`, `hash` or `single_stamp`.
        reason: the reason in plain text.
    """

    hash: str | None
    is_banned: bool
    end_time: str | None
    ban_type: str | None
    reason: str | None


_SENT = list_of_at_most(CheckedCredential, MOST_CREDENTIALS)


async def check_bans(call: InternalCall) -> Response:
    """Return for each credential whether it is banned, and by which ban."""
    credentials = members(await json_body(call.request, _SENT))
    if len(credentials) > MOST_CREDENTIALS:
        raise InvalidRequest(Problem("too_long", ["body"], "There are too many credentials."))
    asked = [_subject(credential.credentialSubject) for credential in credentials]
    address = banned_address(asked)
    hashes = {subject.hash for subject in asked if subject.hash}
    spellings = address_spellings(address) if address else []
    bans = await find_bans(call.services.database, addresses=spellings, hashes=hashes)
    first = first_bans(asked, address, bans, datetime.now(UTC))
    return json_response([_answer(*pair) for pair in zip(asked, first, strict=True)])


def _subject(checked: CheckedSubject) -> Subject:
    return Subject(checked.id, checked.provider, checked.hash)


def _answer(asked: Subject, ban: Ban | None) -> BanCheck:
    if ban is None:
        return BanCheck(asked.hash, False, None, None, None)  # noqa: FBT003  is_banned
    end_time = event_time(ban.end_time) if ban.end_time else None
    return BanCheck(asked.hash, True, end_time, ban.type, ban.reason)  # noqa: FBT003


_BANNED = BanCheck(
    hash=BANNED_HASH,
    is_banned=True,
    end_time="2099-01-01T00:00:00Z",
    ban_type="hash",
    reason="The account was sold.",
)

CHECK_BANS = Endpoint(
    path="/internal/check-bans",
    method="POST",
    guard=INTERNAL,
    handler=check_bans,
    summary="Check credentials for bans",
    description=(
        "All credentials must be issued to the same address; letter case does not matter. For each "
        "credential, the first matching ban in table order applies. Results are in request order."
    ),
    tag="Issuing",
    is_compressed=True,
    body=Body(
        Annotated[list[CheckedCredential], msgspec.Meta(max_length=MOST_CREDENTIALS)],
        [
            CheckedCredential(
                CheckedSubject(f"did:pkh:eip155:1:{EXAMPLE_ADDRESS}", "Google", BANNED_HASH)
            )
        ],
    ),
    success=ResponseDoc(200, "A result for each credential.", list[BanCheck], [_BANNED]),
    errors=(NoCredentials, SeveralAddresses),
)
