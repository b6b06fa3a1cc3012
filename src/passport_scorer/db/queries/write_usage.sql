-- Inserts a batch of calls of partners, and returns the ids that did not exist yet.
INSERT INTO account_accountapikeyanalytics (
    id, api_key_id, created_at, path, base_path, path_segments, query_params, headers,
    payload, response, response_skipped, error, status_code
)
OVERRIDING SYSTEM VALUE
SELECT *
FROM jsonb_to_recordset($1::jsonb) AS usage (
    id bigint, api_key_id text, created_at timestamptz, path text, base_path text,
    path_segments jsonb, query_params jsonb, headers jsonb, payload jsonb, response jsonb,
    response_skipped boolean, error text, status_code integer
)
ON CONFLICT (id) DO NOTHING
RETURNING id
