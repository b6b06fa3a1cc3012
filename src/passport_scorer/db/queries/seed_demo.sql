-- Inserts the rows of the demo that do not exist yet; $1 is an object: table -> rows.
WITH users AS (
    INSERT INTO auth_user
    SELECT * FROM jsonb_populate_recordset(NULL::auth_user, $1::jsonb -> 'auth_user')
    ON CONFLICT DO NOTHING
), accounts AS (
    INSERT INTO account_account
    SELECT * FROM jsonb_populate_recordset(NULL::account_account, $1 -> 'account_account')
    ON CONFLICT DO NOTHING
), keys AS (
    INSERT INTO account_accountapikey
    SELECT *
    FROM jsonb_populate_recordset(NULL::account_accountapikey, $1 -> 'account_accountapikey')
    ON CONFLICT DO NOTHING
), scorers AS (
    INSERT INTO scorer_weighted_scorer
    SELECT *
    FROM jsonb_populate_recordset(NULL::scorer_weighted_scorer, $1 -> 'scorer_weighted_scorer')
    ON CONFLICT DO NOTHING
), binary_scorers AS (
    INSERT INTO scorer_weighted_binaryweightedscorer
    SELECT *
    FROM jsonb_populate_recordset(
        NULL::scorer_weighted_binaryweightedscorer, $1 -> 'scorer_weighted_binaryweightedscorer'
    )
    ON CONFLICT DO NOTHING
), weighted_scorers AS (
    INSERT INTO scorer_weighted_weightedscorer
    SELECT *
    FROM jsonb_populate_recordset(
        NULL::scorer_weighted_weightedscorer, $1 -> 'scorer_weighted_weightedscorer'
    )
    ON CONFLICT DO NOTHING
), communities AS (
    INSERT INTO account_community
    SELECT * FROM jsonb_populate_recordset(NULL::account_community, $1 -> 'account_community')
    ON CONFLICT DO NOTHING
), stamps AS (
    INSERT INTO ceramic_cache_ceramiccache
    SELECT *
    FROM jsonb_populate_recordset(
        NULL::ceramic_cache_ceramiccache, $1 -> 'ceramic_cache_ceramiccache'
    )
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT
    count(*) AS new_stamps,
    -- The rows came with their ids; the next one that doesn't must get a later one.
    max(setval(pg_get_serial_sequence('ceramic_cache_ceramiccache', 'id'), greatest(stamps.id,
        nextval(pg_get_serial_sequence('ceramic_cache_ceramiccache', 'id'))))) AS last_stamp_id,
    max(setval(pg_get_serial_sequence('account_community', 'id'), 1000)) AS last_community_id,
    max(setval(pg_get_serial_sequence('scorer_weighted_scorer', 'id'), 1000)) AS last_scorer_id,
    max(setval(pg_get_serial_sequence('account_account', 'id'), 1000)) AS last_account_id,
    max(setval(pg_get_serial_sequence('auth_user', 'id'), 1000)) AS last_user_id
FROM stamps
