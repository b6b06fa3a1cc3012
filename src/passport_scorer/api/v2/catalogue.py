"""`GET /v2/stamps/metadata`: the stamp catalogue."""

from __future__ import annotations

from starlette.responses import Response

from passport_scorer.api.guards.partner import PARTNER, PartnerCall
from passport_scorer.api.http.endpoint import Endpoint, ResponseDoc
from passport_scorer.api.http.responses import json_response
from passport_scorer.catalogue.client import CatalogueUnavailable
from passport_scorer.catalogue.model import Group, ListedStamp, Platform


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

CATALOGUE = Endpoint(
    path="/v2/stamps/metadata",
    guard=PARTNER,
    handler=get_catalogue,
    summary="Get the stamp catalogue",
    description=(
        "Returns the platforms and their stamps as they are presented to users. The service "
        "refreshes the catalogue every hour. If that fails, it returns the cached version, or 500 "
        "(`Error fetching external stamp metadata`) without one."
    ),
    tag="Stamps",
    is_compressed=True,
    cache_control="private, max-age=300",
    success=ResponseDoc(200, "The catalogue.", list[Platform], [_EXAMPLE]),
    errors=(CatalogueUnavailable,),
)
