-- The proof values of revocations with one of these texts ($1), and of revoked stamps whose row has
-- one of them, whatever the revocation itself contains.
SELECT proof_value
FROM ceramic_cache_revocation
WHERE proof_value = ANY ($1::text[])
UNION
SELECT stamp.proof_value
FROM ceramic_cache_ceramiccache AS stamp
-- LATERAL with a LIMIT forces a nested loop: otherwise many texts could scan all revocations.
CROSS JOIN LATERAL (
    SELECT
    FROM ceramic_cache_revocation
    WHERE ceramic_cache_id = stamp.id
    LIMIT 1
) AS revocation
WHERE stamp.proof_value = ANY ($1)
