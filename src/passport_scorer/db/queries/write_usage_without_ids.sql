-- Inserts a batch of calls of partners, for a role that can't use the sequence of ids.
INSERT INTO account_accountapikeyanalytics (
    api_key_id, created_at, path, base_path, path_segments, query_params, headers,
    payload, response, response_skipped, error, status_code
)
SELECT *
FROM jsonb_to_recordset($1::jsonb) AS usage (
    api_key_id text, created_at timestamptz, path text, base_path text,
    path_segments jsonb, query_params jsonb, headers jsonb, payload jsonb, response jsonb,
    response_skipped boolean, error text, status_code integer
)
