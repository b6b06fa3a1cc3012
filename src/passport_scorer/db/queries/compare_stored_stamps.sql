-- The stamp store, including deleted stamps, for comparison with another database.
SELECT address, provider, type, proof_value, md5(stamp::text) AS stamp_md5, created_at,
    updated_at, deleted_at, compose_db_save_status, compose_db_stream_id, expiration_date,
    issuance_date, source_app, source_scorer_id
FROM ceramic_cache_ceramiccache
ORDER BY address COLLATE "C" NULLS FIRST, provider COLLATE "C", created_at NULLS FIRST, id
