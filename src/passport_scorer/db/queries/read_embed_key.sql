-- The API key with a prefix ($1), and its rate limit for pages that embed the stamps.
SELECT
    id AS key_id,
    hashed_key,
    hashed_key_sha256,
    revoked,
    expiry_date,
    read_scores,
    historical_endpoint,
    rate_limit,
    analysis_rate_limit,
    embed_rate_limit
FROM account_accountapikey
WHERE prefix = $1::text
