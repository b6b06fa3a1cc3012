"""All endpoints for partners, in the order in which paths are tried."""

from passport_scorer.api.v2.catalogue import CATALOGUE
from passport_scorer.api.v2.score import SCORE
from passport_scorer.api.v2.score_history import HISTORY
from passport_scorer.api.v2.stamps import LISTING

# The catalogue comes before the listing, whose `{address}` would match `metadata`.
PARTNER_ENDPOINTS = (SCORE, HISTORY, CATALOGUE, LISTING)
