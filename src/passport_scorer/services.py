"""The parts of a running application; assembled in `passport_scorer.app`."""

from __future__ import annotations

import msgspec

from passport_scorer.auth.api_keys import ApiKeys, DemoKey
from passport_scorer.auth.jwt_access_tokens import AccessTokens
from passport_scorer.auth.key_cache import KeyCache
from passport_scorer.auth.nonces import Nonces
from passport_scorer.auth.peer_limits import AnonymousWrites, FailedCalls
from passport_scorer.auth.rate_limits import RateLimits
from passport_scorer.auth.sign_in import SignIn
from passport_scorer.auth.usage_log import UsageAnalytics
from passport_scorer.catalogue.client import CatalogueSource
from passport_scorer.db.database import Database
from passport_scorer.db.readiness import Readiness
from passport_scorer.domain.community import ScorerNotFound
from passport_scorer.scoring.service import ScoringService
from passport_scorer.scoring.stamp_store import StampStore
from passport_scorer.telemetry import NO_TELEMETRY, Telemetry


class ShutdownState:
    """The state of the shutdown: a draining process still serves, but should get no new requests.

    Attributes:
        draining: True once the process has been told to shut down.
    """

    draining = False

    def start_draining(self) -> None:
        """Make the readiness probe fail from now on."""
        self.draining = True


class Services(msgspec.Struct, frozen=True):
    """The parts that handlers use.

    Attributes:
        database: the connection pool.
        readiness: checks whether the database is writable.
        scoring: scores addresses.
        stamp_store: adds, deletes and lists stamps.
        api_keys: authenticates partners.
        key_cache: the stored keys of partners.
        demo_key: the public demo's key and its aliases.
        demo_scorer_id: the community that negative scorer IDs select; None if there is no demo.
        default_scorer_id: the community of the stamp store; None if not configured.
        internal_token: the token that internal callers must present; None if none is required.
        routing_header: the header of requests for this deployment; None: all are for it.
        shows_points: whether responses include Human Points.
        catalogue: the stamp catalogue.
        access_tokens: verifies access tokens and issues them.
        nonces: issues nonces for sign-ins.
        sign_in: exchanges signed messages for access tokens.
        rate_limits: counts and limits the calls of partners.
        failed_calls: rejects peers that present wrong API keys too often.
        anonymous_writes: rejects peers that write too often without credentials.
        trusted_proxies: the number of proxies in front whose `X-Forwarded-For` is trusted.
        usage_analytics: records the calls of partners.
        root_path: the path prefix under which a proxy publishes the service; empty if none.
        telemetry: where requests are counted and traced.
        shutdown: whether the process is draining.
    """

    database: Database
    readiness: Readiness
    scoring: ScoringService
    stamp_store: StampStore
    api_keys: ApiKeys
    key_cache: KeyCache
    demo_key: DemoKey
    demo_scorer_id: int | None
    default_scorer_id: int | None
    internal_token: str | None
    routing_header: str | None
    shows_points: bool
    catalogue: CatalogueSource
    access_tokens: AccessTokens
    nonces: Nonces
    sign_in: SignIn
    rate_limits: RateLimits
    failed_calls: FailedCalls
    anonymous_writes: AnonymousWrites
    trusted_proxies: int
    usage_analytics: UsageAnalytics
    root_path: str = ""
    telemetry: Telemetry = NO_TELEMETRY
    shutdown: ShutdownState = msgspec.field(default_factory=ShutdownState)

    @property
    def configured_scorer_id(self) -> int:
        """Return the community of the stamp store.

        Raises:
            ScorerNotFound: no scorer is configured.
        """
        if self.default_scorer_id is None:
            raise ScorerNotFound("No scorer is configured for the stamp store.")
        return self.default_scorer_id
