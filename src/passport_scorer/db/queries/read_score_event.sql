-- An earlier score: the API key with a prefix ($1), the community of its account that the partner
-- named ($2, tried first, or $3), and the newest score event of an address ($4) in it at or before
-- a time ($5). No row if there is no such key. Only the key is read unless $6 is one of its hashes:
-- a wrong secret must not cost more.
SELECT
    key.id AS key_id,
    key.hashed_key,
    key.hashed_key_sha256,
    key.revoked,
    key.expiry_date,
    key.read_scores,
    key.historical_endpoint,
    key.rate_limit,
    key.analysis_rate_limit,
    community.id AS community_id,
    event.data
FROM account_accountapikey AS key
LEFT JOIN LATERAL (
    SELECT c.id
    FROM account_community AS c
    WHERE $6 IN (key.hashed_key_sha256, key.hashed_key)
        AND c.account_id = key.account_id
        AND (c.external_scorer_id = $2 OR c.id = $3)
    ORDER BY c.external_scorer_id = $2 DESC NULLS LAST
    LIMIT 1
) AS community ON true
LEFT JOIN LATERAL (
    SELECT e.data::text AS data
    FROM registry_event AS e
    WHERE e.action = 'SCU'
        AND e.address = $4
        AND e.community_id = community.id
        AND e.created_at <= $5
    ORDER BY e.created_at DESC, e.id DESC
    LIMIT 1
) AS event ON true
WHERE key.prefix = $1
