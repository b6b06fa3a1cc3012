-- Which of these proof values ($1) are revoked.
SELECT DISTINCT proof_value
FROM ceramic_cache_revocation
WHERE proof_value = ANY ($1::text[])
