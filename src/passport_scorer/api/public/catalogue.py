"""`GET /v2/stamps/metadata`: the stamp catalogue."""

from __future__ import annotations

from starlette.responses import Response

from passport_scorer.api.endpoint import Answer, Endpoint
from passport_scorer.api.public.partner_call import (
    PARTNER_SECURITY,
    PartnerCall,
    partner_answers,
    partner_endpoint,
)
from passport_scorer.api.responses import detail_answer, json_response
from passport_scorer.catalogue.document import Group, ListedStamp, Platform


@partner_endpoint(response_recorded=False)
async def get_catalogue(call: PartnerCall) -> Response:
    """Return the stamp catalogue."""
    await call.authenticate_alone()
    catalogue = await call.services.catalogue.catalogue()
    return json_response(catalogue.platforms)


_EXAMPLE = Platform(
    id="Google",
    icon="https://app.passport.xyz/assets/googleStampIcon.svg",
    name="Google",
    description="An account at Google",
    connect_message="Connect account",
    groups=[Group("Account", [ListedStamp("Google", "Owns a Google account", "0xa001")])],
)

NO_CATALOGUE_ANSWER = detail_answer(
    500,
    "A fault of the service, or the catalogue could never be fetched.",
    "Error fetching external stamp metadata",
)

CATALOGUE = Endpoint(
    path="/v2/stamps/metadata",
    handler=get_catalogue,
    summary="List all stamps that there are",
    description=(
        "Returns the platforms and their stamps, as people are shown them. The catalogue is read "
        "again every hour; where it can't be, the last one is returned, and 500 "
        "(`Error fetching external stamp metadata`) if there never was one."
    ),
    tag="Stamps",
    security=PARTNER_SECURITY,
    is_compressed=True,
    cache_control="private, max-age=300",
    answers=partner_answers(
        Answer(200, "The catalogue.", list[Platform], [_EXAMPLE]), NO_CATALOGUE_ANSWER
    ),
)
