"""`GET /v2/stamps/metadata`: the stamp catalogue."""

from __future__ import annotations

from starlette.responses import Response

from passport_scorer.api.guards.partner import (
    PARTNER_SECURITY,
    PartnerCall,
    partner_answers,
    partner_endpoint,
)
from passport_scorer.api.http.endpoint import Answer, Endpoint
from passport_scorer.api.http.responses import detail_answer, json_response
from passport_scorer.catalogue.model import Group, ListedStamp, Platform


@partner_endpoint(response_recorded=False)
async def get_catalogue(call: PartnerCall) -> Response:
    """Return the stamp catalogue."""
    await call.authenticate_alone()
    catalogue = await call.services.catalogue.catalogue()
    return json_response(catalogue.platforms)


_STAMP = ListedStamp(
    "Google",
    "Owns a Google account",
    "0xf610f88085f5955bccb50431e1315a28335522d87be5000ff334274cc9985741",
)
_EXAMPLE = Platform(
    id="Google",
    icon="https://app.example.org/assets/google.svg",
    name="Google",
    description="An account at Google",
    connect_message="Connect account",
    groups=[Group("Account", [_STAMP])],
)

NO_CATALOGUE_ANSWER = detail_answer(
    500,
    "A fault of the service, or the catalogue could never be fetched.",
    "Error fetching external stamp metadata",
)

CATALOGUE = Endpoint(
    path="/v2/stamps/metadata",
    handler=get_catalogue,
    summary="Get the stamp catalogue",
    description=(
        "Returns the platforms and their stamps, as they are shown to people. The catalogue is "
        "read again every hour; if that fails, the last copy is returned, or 500 "
        "(`Error fetching external stamp metadata`) if there is none."
    ),
    tag="Stamps",
    security=PARTNER_SECURITY,
    is_compressed=True,
    cache_control="private, max-age=300",
    answers=partner_answers(
        Answer(200, "The catalogue.", list[Platform], [_EXAMPLE]), NO_CATALOGUE_ANSWER
    ),
)
