-- The proof values of revocations with one of these texts ($1), and of those of stamps whose row
-- has one of them, whatever the revocation itself says.
SELECT proof_value
FROM ceramic_cache_revocation
WHERE proof_value = ANY ($1::text[])
UNION
SELECT stamp.proof_value
FROM ceramic_cache_ceramiccache AS stamp
-- One by one, and with a LIMIT that keeps it so: or all revocations might be read for many texts.
CROSS JOIN LATERAL (
    SELECT
    FROM ceramic_cache_revocation
    WHERE ceramic_cache_id = stamp.id
    LIMIT 1
) AS revocation
WHERE stamp.proof_value = ANY ($1)
