-- True if a live row of the stamp store is not revoked: neither itself, nor by the proof value in
-- its column, nor as a row that it has replaced and whose proof it repeats, in any spelling at all.
-- Only the oldest hundred of those are checked, so that storing more stamps can't push one out of
-- sight. (Joined by AND, each is searched for by its index.)
-- OFFSET keeps PostgreSQL from joining all revocations.
NOT EXISTS (
    SELECT
    FROM ceramic_cache_revocation AS of_row
    WHERE of_row.ceramic_cache_id = $row.id
    OFFSET 0
)
AND NOT
-- Insert: is_proof_value_revoked ($row.proof_value)
AND NOT EXISTS (
    SELECT
    FROM (
        SELECT d.id, d.proof_value, d.stamp
        FROM ceramic_cache_ceramiccache AS d
        WHERE d.type = 1
            AND d.address = $row.address
            AND d.provider = $row.provider
            AND
            -- Insert: is_replaced (d)
        ORDER BY d.deleted_at
        LIMIT 100
    ) AS replaced
    CROSS JOIN LATERAL (
        SELECT r.proof_value
        FROM ceramic_cache_revocation AS r
        WHERE r.ceramic_cache_id = replaced.id
        LIMIT 1
    ) AS of_replaced
    CROSS JOIN unnest(
        ARRAY[replaced.proof_value, of_replaced.proof_value]
        ||
        -- Insert: document_proofs (replaced)
    ) AS revoked (written)
    CROSS JOIN unnest(
        ARRAY[$row.proof_value]
        ||
        -- Insert: document_proofs ($row)
    ) AS held (written)
    WHERE held.written <> ''
        AND
        -- Insert: canonical_proof_value (held.written)
        =
        -- Insert: canonical_proof_value (revoked.written)
)
