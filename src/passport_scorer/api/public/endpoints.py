"""What partners may call, in the order in which paths are tried."""

from passport_scorer.api.public.catalogue import CATALOGUE
from passport_scorer.api.public.history import HISTORY
from passport_scorer.api.public.listing import LISTING
from passport_scorer.api.public.score import SCORE

# The catalogue comes before the listing, whose `{address}` would take `metadata` for an address.
PARTNER_ENDPOINTS = (SCORE, HISTORY, CATALOGUE, LISTING)
