-- The API key with a prefix ($1), for a call that needs nothing else from the database.
SELECT
    key.id AS key_id,
    key.hashed_key,
    key.hashed_key_sha256,
    key.revoked,
    key.expiry_date,
    key.read_scores,
    key.historical_endpoint,
    key.rate_limit,
    key.analysis_rate_limit
FROM account_accountapikey AS key
WHERE key.prefix = $1
