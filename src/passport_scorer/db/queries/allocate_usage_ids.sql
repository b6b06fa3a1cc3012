-- Allocates ids for $1 rows of usage analytics; null if ids do not come from a sequence.
SELECT array_agg(nextval(ids.sequence)) AS ids
FROM (
    -- OFFSET: looked up once, not for each row.
    SELECT pg_get_serial_sequence('account_accountapikeyanalytics', 'id')::regclass AS sequence
    OFFSET 0
) AS ids, generate_series(1, $1::integer)
WHERE ids.sequence IS NOT NULL
