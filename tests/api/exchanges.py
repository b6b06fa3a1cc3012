"""One good call and one malformed call of every endpoint, and what they are answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from .world import (
    ADDRESS,
    BANNED_HASH,
    CHECKSUMMED,
    OWN,
    REVOKED,
    STAMP_TO_STORE,
    sign_in_payload,
)

NO_ADDRESS = "0x12"
INVALID_ADDRESS = (400, "Invalid address.")
NO_SCORER = (404, "No scorer matches the given criteria.")
ADA_SCORE = {"address": ADDRESS, "score": "21.31100", "passing_score": True, "error": None}
OWN_SCORE = {"address": OWN, "score": "0.73300", "passing_score": False, "threshold": "20.00000"}


@dataclass(frozen=True)
class Exchange:
    """An endpoint and its answers.

    Attributes:
        route: method and path template, as OpenAPI has them.
        path: of the good call.
        shows: members of the good answer, or all of it if it is a list.
        refusal: status and detail of the answer to the malformed call; None for the detail: any.
            None if the endpoint has neither parameters nor a body.
        malformed: path of the malformed call; empty: only the body is malformed.
        scheme: which credentials the endpoint takes; empty: it is open.
        body: of the good call; a function: it is made when it is sent.
        malformed_body: of the malformed call.
        status: of the good answer.
    """

    route: str
    path: str
    shows: dict[str, object] | list[object]
    refusal: tuple[int, str | None] | None = None
    malformed: str = ""
    scheme: str = ""
    body: object | Callable[[], object] = None
    malformed_body: object = None
    status: int = 200

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.route.partition(" ")[0]


_partner = partial(Exchange, scheme="ApiKey")
_owner = partial(Exchange, scheme="AccessToken")
_internal = partial(Exchange, scheme="InternalToken")

PARTNERS = (
    _partner(
        "GET /v2/stamps/{scorer_id}/score/{address}",
        f"/v2/stamps/1/score/{ADDRESS}",
        shows=ADA_SCORE,
        malformed=f"/v2/stamps/1/score/{NO_ADDRESS}",
        refusal=INVALID_ADDRESS,
    ),
    _partner(
        "GET /v2/stamps/{scorer_id}/score/{address}/history",
        f"/v2/stamps/1/score/{ADDRESS}/history?created_at=2026-11-01",
        shows={"score": "21.50000", "passing_score": True},
        malformed=f"/v2/stamps/1/score/{ADDRESS}/history?created_at=yesterday",
        refusal=(400, "Invalid created_at: it must be a date or a time in ISO 8601."),
    ),
    _partner(
        "GET /v2/stamps/metadata",
        "/v2/stamps/metadata",
        shows=[],
    ),
    _partner(
        "GET /v2/stamps/{address}",
        f"/v2/stamps/{ADDRESS}?limit=1",
        shows={"prev": None},
        malformed=f"/v2/stamps/{ADDRESS}?limit=0",
        refusal=(400, "Invalid limit."),
    ),
)
STAKE = {
    "chain": 1,
    "staker": ADDRESS,
    "stakee": OWN,
    "amount": "1.500000000000000000",
    "unlock_time": "2026-01-01T12:00:00+00:00",
    "lock_time": "2026-01-01T12:00:00+00:00",
    "last_updated_in_block": 7,
}
LEGACY_STAKE = {
    "id": 1,
    "event_type": "SelfStake",
    "round_id": 3,
    "staker": ADDRESS,
    "address": None,
    "amount": "0.500000000000000000",
    "staked": True,
    "block_number": 9,
    "tx_hash": "0x00",
}
_BULK = "/ceramic-cache/stamps/bulk"
_TWICE = [{"provider": "Ens"}, {"provider": "Ens"}]
_ENTRY = [{"provider": STAMP_TO_STORE["credentialSubject"]["provider"], "stamp": STAMP_TO_STORE}]
OWNERS = (
    Exchange(
        "GET /account/nonce",
        "/account/nonce",
        shows={},
    ),
    Exchange(
        "POST /ceramic-cache/authenticate/v2",
        "/ceramic-cache/authenticate/v2",
        body=sign_in_payload,
        shows={"intercom_user_hash": None},
        malformed_body={"message": {}, "signature": "0x"},
        refusal=(400, "Missing address or nonce!"),
    ),
    _owner(
        f"POST {_BULK}",
        _BULK,
        body=_ENTRY,
        status=201,
        shows={"success": True},
        malformed_body=_TWICE,
        refusal=(400, "Entry 2: the provider occurs twice."),
    ),
    _owner(
        f"PATCH {_BULK}",
        _BULK,
        body=[{"provider": "Ens"}],
        shows={"success": True},
        malformed_body={"provider": "Ens"},
        refusal=(422, None),
    ),
    _owner(
        f"DELETE {_BULK}",
        _BULK,
        body=[{"provider": "Ens"}],
        shows={"success": True},
        malformed_body=[{"provider": 1}],
        refusal=(422, None),
    ),
    Exchange(
        "GET /ceramic-cache/stamp",
        f"/ceramic-cache/stamp?address={OWN}",
        shows={"success": True},
        malformed=f"/ceramic-cache/stamp?address={NO_ADDRESS}",
        refusal=INVALID_ADDRESS,
    ),
    _owner(
        "GET /ceramic-cache/score/{address}",
        f"/ceramic-cache/score/{OWN}",
        shows=OWN_SCORE,
        malformed=f"/ceramic-cache/score/{OWN}?alternate_scorer_id=one",
        refusal=(422, None),
    ),
    _owner(
        "POST /ceramic-cache/score/{address}",
        f"/ceramic-cache/score/{OWN}",
        body={},
        shows=OWN_SCORE,
        malformed_body={"alternate_scorer_id": "one"},
        refusal=(422, None),
    ),
    Exchange(
        "GET /ceramic-cache/weights",
        "/ceramic-cache/weights",
        shows={"Google": 0.525},
    ),
    _owner(
        "GET /ceramic-cache/stake/gtc",
        "/ceramic-cache/stake/gtc",
        shows={"items": [STAKE]},
    ),
)
SCORES = tuple(
    _internal(
        f"GET /internal/{prefix}/{{scorer_id}}/{{address}}",
        f"/internal/{prefix}/1/{ADDRESS}",
        shows=ADA_SCORE,
        malformed=f"/internal/{prefix}/one/{ADDRESS}",
        refusal=(422, None),
    )
    for prefix in ("score/v2", "score")
)
_BANNED = {"credentialSubject": {"id": f"did:pkh:eip155:1:{ADDRESS}", "hash": BANNED_HASH}}
INTERNAL = (
    *SCORES,
    _internal(
        "POST /internal/check-bans",
        "/internal/check-bans",
        body=[_BANNED],
        shows=[
            {
                "hash": BANNED_HASH,
                "is_banned": True,
                "end_time": None,
                "ban_type": "hash",
                "reason": "sold",
            }
        ],
        malformed_body=[],
        refusal=(400, "Must provide valid credential(s)"),
    ),
    _internal(
        "POST /internal/check-revocations",
        "/internal/check-revocations",
        body={"proof_values": [REVOKED, "0x00"]},
        shows=[
            {"proof_value": REVOKED, "is_revoked": True},
            {"proof_value": "0x00", "is_revoked": False},
        ],
        malformed_body={"proof_values": "0x00"},
        refusal=(422, None),
    ),
    _internal(
        "GET /internal/stake/gtc/{address}",
        f"/internal/stake/gtc/{CHECKSUMMED}",
        shows={"items": [STAKE]},
        malformed=f"/internal/stake/gtc/{NO_ADDRESS}",
        refusal=INVALID_ADDRESS,
    ),
    _internal(
        "GET /internal/stake/legacy-gtc/{address}/{round_id}",
        f"/internal/stake/legacy-gtc/{ADDRESS}/3",
        shows={"results": [LEGACY_STAKE]},
        malformed=f"/internal/stake/legacy-gtc/{ADDRESS}/three",
        refusal=(422, None),
    ),
    _internal(
        "GET /internal/cgrants/contributor_statistics",
        f"/internal/cgrants/contributor_statistics?address={CHECKSUMMED}",
        shows={"num_grants_contribute_to": 3.0, "total_contribution_amount": 10.95},
        malformed="/internal/cgrants/contributor_statistics",
        refusal=(422, None),
    ),
    _internal(
        "GET /internal/allow-list/{list}/{address}",
        f"/internal/allow-list/friends/{ADDRESS}",
        shows={"is_member": True},
        malformed=f"/internal/allow-list/friends/{NO_ADDRESS}",
        refusal=(200, None),  # such an address is on no list
    ),
    _internal(
        "GET /internal/customization/credential/{provider_id}",
        "/internal/customization/credential/DeveloperList%23Peers%2300000000",
        shows={"ruleset": {"name": "Peers"}},
        malformed="/internal/customization/credential/none",
        refusal=(404, "Not Found"),
    ),
    Exchange(
        "GET /internal/embed/weights",
        "/internal/embed/weights?community_id=1",
        shows={"Google": 0.525},
        malformed="/internal/embed/weights?community_id=one",
        refusal=(422, None),
    ),
    Exchange(
        "GET /internal/embed/config",
        "/internal/embed/config?community_id=1",
        shows={
            "stamp_sections": [
                {"title": "Web2", "order": 0, "items": [{"platform_id": "Google", "order": 1}]}
            ]
        },
        malformed="/internal/embed/config?community_id=2",
        refusal=NO_SCORER,
    ),
    _partner(
        "GET /internal/embed/validate-api-key",
        "/internal/embed/validate-api-key",
        shows={"embed_rate_limit": "7/1m"},
    ),
    _internal(
        "POST /internal/embed/stamps/{address}",
        f"/internal/embed/stamps/{OWN}",
        body={"scorer_id": "1", "stamps": [STAMP_TO_STORE]},
        shows={"success": True},
        malformed_body={"scorer_id": "one", "stamps": []},
        refusal=(422, None),
    ),
    Exchange(
        "GET /internal/embed/score/{scorer_id}/{address}",
        f"/internal/embed/score/1/{OWN}",
        shows={"success": True},
        malformed=f"/internal/embed/score/2/{OWN}",
        refusal=(400, "Invalid scorer_id"),
    ),
)
EXCHANGES = (*PARTNERS, *OWNERS, *INTERNAL)
