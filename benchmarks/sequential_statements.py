"""The statements of `sequential.py`; each of them uses an index."""

KEY = "SELECT * FROM account_accountapikey WHERE prefix = $1"
ACCOUNT = "SELECT * FROM account_account WHERE id = $1"
USER = "SELECT * FROM auth_user WHERE id = $1"
COMMUNITY_BY_EXTERNAL_ID = """
    SELECT * FROM account_community WHERE external_scorer_id = $1 AND account_id = $2
"""
COMMUNITY = "SELECT * FROM account_community WHERE id = $1 AND account_id = $2"
LOCK_PASSPORT = """
    SELECT id FROM registry_passport WHERE address = $1 AND community_id = $2 FOR UPDATE
"""
NEW_PASSPORT = """
    INSERT INTO registry_passport (address, community_id) VALUES ($1, $2) RETURNING id
"""
SCORE = "SELECT id FROM registry_score WHERE passport_id = $1"
NEW_SCORE = """
    INSERT INTO registry_score (passport_id, status) VALUES ($1, 'PROCESSING') RETURNING id
"""
MARK_AS_PROCESSING = "UPDATE registry_score SET status = 'PROCESSING' WHERE id = $1"
SCORER = "SELECT * FROM scorer_weighted_scorer WHERE id = $1"
BINARY_SCORER = "SELECT * FROM scorer_weighted_binaryweightedscorer WHERE scorer_ptr_id = $1"
WEIGHTED_SCORER = "SELECT * FROM scorer_weighted_weightedscorer WHERE scorer_ptr_id = $1"
CUSTOMIZATION = "SELECT id FROM account_customization WHERE scorer_id = $1"
ALLOW_LISTS = """
    SELECT list.name, allow.weight
    FROM account_allowlist AS allow
    JOIN account_addresslist AS list ON list.id = allow.address_list_id
    WHERE allow.customization_id = $1
"""
STAMPS = """
    SELECT DISTINCT ON (provider) id, provider, stamp
    FROM ceramic_cache_ceramiccache
    WHERE type = 1 AND address = $1 AND deleted_at IS NULL
    ORDER BY provider, updated_at DESC, id DESC
"""
REVOCATIONS = """
    SELECT ceramic_cache_id FROM ceramic_cache_revocation WHERE ceramic_cache_id = ANY ($1)
"""
LINKS = """
    SELECT hash, address, expires_at
    FROM registry_hashscorerlink
    WHERE community_id = $1 AND hash = ANY ($2::text[])
"""
CLAIM = """
    INSERT INTO registry_hashscorerlink AS l (hash, address, community_id, expires_at)
    SELECT claim.hash, $2, $3, claim.expires_at
    FROM unnest($1::text[], $4::timestamptz[]) AS claim (hash, expires_at)
    ORDER BY claim.hash
    ON CONFLICT (hash, community_id) DO UPDATE
    SET address = excluded.address, expires_at = excluded.expires_at
    WHERE l.address = excluded.address OR l.expires_at <= $5
"""
DELETE_STAMPS = "DELETE FROM registry_stamp WHERE passport_id = $1"
INSERT_STAMPS = """
    INSERT INTO registry_stamp (passport_id, provider, credential)
    SELECT $1, stamp.provider, stamp.credential
    FROM unnest($2::text[], $3::jsonb[]) AS stamp (provider, credential)
"""
SCORED_STAMPS = "SELECT id, provider FROM registry_stamp WHERE passport_id = $1"
MARK_AS_CALCULATED = "UPDATE registry_passport SET requires_calculation = false WHERE id = $1"
WRITE_SCORE = """
    UPDATE registry_score
    SET score = $2, status = 'DONE', last_score_timestamp = $3, expiration_date = $4,
        error = NULL, evidence = $5, stamp_scores = $6, stamps = $7
    WHERE id = $1
"""
EVENT = """
    INSERT INTO registry_event (action, address, created_at, community_id, data)
    VALUES ('SCU', $1, $2, $3, $4)
"""
USAGE = """
    INSERT INTO account_accountapikeyanalytics (
        api_key_id, created_at, path, base_path, path_segments, query_params, headers,
        response, response_skipped, status_code
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, false, $9)
"""
