-- Detects another deployment that fills this database, and what its rows reveal about its settings.
-- $1: the addresses of the demo's accounts, which belong to no other deployment.
SELECT
    to_regclass('django_migrations') IS NOT NULL
    OR EXISTS (SELECT FROM account_account WHERE address <> ALL ($1::text[])) AS is_foreign,
    EXISTS (
        SELECT FROM registry_hashscorerlink WHERE hash >= 'v1' AND hash < 'v2'
    ) AS has_later_nullifiers,
    EXISTS (SELECT FROM account_accountapikeyanalytics) AS has_usage,
    EXISTS (
        SELECT FROM account_accountapikey WHERE NOT revoked AND rate_limit <> ''
    ) AS has_rate_limits
