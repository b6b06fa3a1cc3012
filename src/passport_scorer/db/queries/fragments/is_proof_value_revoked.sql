-- True if a proof value is revoked: in any row, in one of its spellings. Each is searched for alone,
-- as the first proof value that is not smaller: without statistics, nothing else makes PostgreSQL
-- use the index.
EXISTS (
    SELECT
    FROM unnest(
        -- Insert: proof_value_spellings ($text)
    ) AS spelling (written)
    CROSS JOIN LATERAL (
        SELECT r.proof_value
        FROM ceramic_cache_revocation AS r
        WHERE r.proof_value >= spelling.written
        ORDER BY r.proof_value
        LIMIT 1
    ) AS of_proof
    WHERE $text <> '' AND of_proof.proof_value = spelling.written
)
