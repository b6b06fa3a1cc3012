-- False if no revocation can concern the stamps of an address, as for nearly all addresses: no
-- revocation names one of its rows, or one of their proof values in a spelling that is looked up
-- (see proof_value_spellings; without its regular expressions). Deleted rows are included.
CASE WHEN (SELECT max(id) FROM ceramic_cache_revocation WHERE id > 0) > 0 THEN (
    SELECT
        count(*) = 200
        OR bool_or(own.proof_value <> '' AND NOT own.proof_value LIKE '0x%')
        OR EXISTS (
            SELECT
            FROM unnest(array_agg(own.id)) AS row (id)
            CROSS JOIN LATERAL (
                SELECT
                FROM ceramic_cache_revocation AS r
                WHERE r.ceramic_cache_id = row.id
                LIMIT 1
            ) AS of_row
        )
        OR EXISTS (
            SELECT
            FROM unnest(
                array_agg(own.proof_value)
                || array_agg(own.low || own.v)
                || array_agg(own.low || own.other_v)
                || array_agg(own.high || upper(own.v))
                || array_agg(own.high || upper(own.other_v))
            ) AS spelling (written)
            CROSS JOIN LATERAL
                -- Insert: next_revocation (spelling.written)
            AS of_proof
            WHERE of_proof.proof_value = spelling.written
        )
    FROM (
        SELECT
            c.id,
            c.proof_value,
            lower(left(c.proof_value, -2)) AS low,
            '0x' || upper(substr(left(c.proof_value, -2), 3)) AS high,
            v.v,
            CASE v.v
                WHEN '00' THEN '1b'
                WHEN '01' THEN '1c'
                WHEN '1b' THEN '00'
                WHEN '1c' THEN '01'
                ELSE v.v
            END AS other_v
        FROM ceramic_cache_ceramiccache AS c
        CROSS JOIN LATERAL (SELECT lower(right(c.proof_value, 2)) AS v OFFSET 0) AS v
        WHERE c.address BETWEEN $row.address AND $row.address AND c.type = 1
        LIMIT 200
    ) AS own
) ELSE false END
