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
    FROM (
        (
            SELECT true AS is_external, e.id, e.account_id
            FROM account_community AS e
            WHERE e.external_scorer_id = $2
            LIMIT 1
        )
        UNION ALL
        (
            SELECT false AS is_external, i.id, i.account_id
            FROM account_community AS i
            WHERE i.id = $3
            LIMIT 1
        )
    ) AS c
    WHERE $6 IN (key.hashed_key_sha256, key.hashed_key) AND c.account_id = key.account_id
    ORDER BY c.is_external DESC
    LIMIT 1
) AS community ON true
LEFT JOIN LATERAL (
    SELECT latest.data::text AS data
    FROM (
        SELECT e.action, e.address, e.community_id, e.data
        FROM registry_event AS e
        WHERE (e.action, e.address, e.community_id, e.created_at) <= ('SCU', $4, community.id, $5)
        ORDER BY
            e.action DESC, e.address DESC, e.community_id DESC, e.created_at DESC, e.id DESC
        LIMIT 1
    ) AS latest
    WHERE latest.action = 'SCU' AND latest.address = $4 AND latest.community_id = community.id
) AS event ON true
WHERE key.prefix = $1
