"""What a running application is made of; put together in `passport_scorer.app`."""

from __future__ import annotations

import msgspec

from passport_scorer.auth.api_keys import ApiKeys, DemoKey
from passport_scorer.auth.rate_limits import RateLimits
from passport_scorer.auth.usage_analytics import UsageAnalytics
from passport_scorer.db.database import Database
from passport_scorer.scoring.road import ScoringRoad


class Services(msgspec.Struct, frozen=True):
    """The parts that handlers call.

    Attributes:
        database: the pool.
        road: scores addresses.
        api_keys: authenticates partners.
        demo_key: the public demo's key and its aliases.
        demo_scorer_id: the community that a negative scorer id stands for; None: no demo.
        default_scorer_id: the community of the stamp store's own score; None: not configured.
        internal_token: what internal callers must present; None: nothing is asked for.
        routing_header: the header that marks requests for this deployment; None: all are.
        shows_points: Human Points are part of answers.
        rate_limits: counts the calls of partners.
        usage_analytics: records them.
    """

    database: Database
    road: ScoringRoad
    api_keys: ApiKeys
    demo_key: DemoKey
    demo_scorer_id: int | None
    default_scorer_id: int | None
    internal_token: str | None
    routing_header: str | None
    shows_points: bool
    rate_limits: RateLimits
    usage_analytics: UsageAnalytics
