-- Soft-deletes the live stamps of some providers ($3) of an address, and stores new ones.
-- `live` is the number of stamps that were live before, counted up to $11; the caller rolls back
-- if the address has too many now.
WITH deleted AS (
    UPDATE ceramic_cache_ceramiccache
    SET deleted_at = $2::timestamptz
    WHERE id = ANY (ARRAY(
        SELECT c.id
        FROM ceramic_cache_ceramiccache AS c
        WHERE c.address = $1::text
            AND c.type = 1
            AND c.provider = ANY ($3::text[])
            AND
            -- Insert: is_live (c)
    ))
        -- Still; IS NULL would be a reason to use the index on this column.
        AND num_nulls(deleted_at) = 1
    RETURNING id
), stored AS (
    INSERT INTO ceramic_cache_ceramiccache (
        address, type, created_at, updated_at, compose_db_save_status, compose_db_stream_id,
        source_app, source_scorer_id,
        provider, stamp, proof_value, issuance_date, expiration_date
    )
    SELECT $1, 1, $2, $2, 'pending', '', $4::integer, $5::bigint, entry.*
    FROM unnest($6::text[], $7::jsonb[], $8::text[], $9::timestamptz[], $10::timestamptz[])
        AS entry (provider, stamp, proof_value, issuance_date, expiration_date)
    -- A provider has one live stamp: delete the old ones first.
    WHERE (SELECT count(*) FROM deleted) >= 0
)
SELECT
    (SELECT count(*) FROM deleted) AS deleted,
    (
        SELECT count(*)
        FROM (
            SELECT
            FROM ceramic_cache_ceramiccache AS c
            WHERE c.address = $1
                AND c.type = 1
                AND
                -- Insert: is_live (c)
            LIMIT $11::bigint
        ) AS counted
    ) AS live
