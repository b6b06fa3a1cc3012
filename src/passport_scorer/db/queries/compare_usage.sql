-- The recorded calls of all API keys, for comparison with another database.
SELECT api_key_id, path, base_path, path_segments, query_params, status_code, error, headers,
    payload, response, response_skipped, created_at
FROM account_accountapikeyanalytics
ORDER BY api_key_id COLLATE "C", path COLLATE "C", created_at NULLS FIRST, id
