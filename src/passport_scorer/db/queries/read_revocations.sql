-- The proof values of revocations with one of these texts ($1), and of revoked stamps whose row has
-- one of them, whatever the revocation itself contains.
SELECT revocation.proof_value
FROM unnest($1::text[]) AS wanted (proof_value)
CROSS JOIN LATERAL
    -- Insert: next_revocation (wanted.proof_value)
AS revocation
WHERE revocation.proof_value = wanted.proof_value
UNION
SELECT stamp.proof_value
FROM unnest($1) AS wanted (proof_value)
CROSS JOIN LATERAL (
    SELECT c.id, c.proof_value
    FROM ceramic_cache_ceramiccache AS c
    WHERE c.proof_value BETWEEN wanted.proof_value AND wanted.proof_value
    OFFSET 0
) AS stamp
CROSS JOIN LATERAL (
    SELECT
    FROM ceramic_cache_revocation AS r
    WHERE r.ceramic_cache_id = stamp.id
    LIMIT 1
) AS revocation
