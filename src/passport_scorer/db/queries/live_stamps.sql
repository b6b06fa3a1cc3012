-- The live, unrevoked stamps of an address ($1), newest first, up to $2 of them.
--
-- Documents stored by other programs can have any size: `stamp` is null where the text is longer
-- than $3 bytes, and after all texts together exceed $4 bytes. PostgreSQL writes numbers in full,
-- so that a small document can have a text of megabytes; one with such a number is not converted
-- to text at all.
SELECT
    document.id,
    document.address,
    document.provider,
    CASE
        WHEN octet_length(document.text) <= $3::bigint
            AND sum(least(octet_length(document.text), $3)) OVER newest_first <= $4::bigint
            THEN document.text
    END AS stamp
FROM (
    SELECT
        c.id,
        c.address,
        c.provider,
        CASE
            -- A stored document takes up to five times the bytes of its text; a compressed one is
            -- not decompressed for this check.
            WHEN pg_column_size(c.stamp) <= 5 * $3
                AND (
                    NOT c.stamp @? 'strict $.** ? (@.type() == "number")'
                    OR NOT EXISTS (
                        SELECT
                        FROM jsonb_path_query(c.stamp, 'strict $.** ? (@.type() == "number")') AS n
                        WHERE scale(n::numeric) > 100 OR abs(n::numeric) >= 1e100
                    )
                )
                THEN c.stamp::text
        END AS text
    FROM ceramic_cache_ceramiccache AS c
    WHERE c.address = $1::text
        AND c.type = 1
        AND
        -- Insert: is_live (c)
        AND
        -- Insert: is_not_revoked (c)
        AND NOT EXISTS (
            SELECT
            FROM (
                SELECT
                    -- Insert: document_proof_value (c)
                    AS written
                OFFSET 0
            ) AS document
            WHERE
                -- Insert: is_proof_value_revoked (document.written)
        )
    ORDER BY c.id DESC
    LIMIT $2::bigint
) AS document
WINDOW newest_first AS (ORDER BY document.id DESC)
ORDER BY document.id DESC
