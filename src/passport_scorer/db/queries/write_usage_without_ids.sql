-- Inserts a batch of calls of partners, for a role that can't use the sequence of ids.
INSERT INTO account_accountapikeyanalytics (
    api_key_id, created_at, path, base_path, path_segments, query_params, headers,
    payload, response, response_skipped, error, status_code
)
SELECT *
FROM unnest(
    $1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::jsonb[], $6::jsonb[], $7::jsonb[],
    $8::jsonb[], $9::jsonb[], $10::boolean[], $11::text[], $12::integer[]
)
