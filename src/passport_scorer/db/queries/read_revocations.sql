-- The proof values of revocations with one of these texts ($1), and of those of stamps whose row
-- has one of them, whatever the revocation itself says.
SELECT proof_value
FROM ceramic_cache_revocation
WHERE proof_value = ANY ($1::text[])
UNION
SELECT stamp.proof_value
FROM ceramic_cache_ceramiccache AS stamp
JOIN ceramic_cache_revocation AS revocation ON revocation.ceramic_cache_id = stamp.id
WHERE stamp.proof_value = ANY ($1)
