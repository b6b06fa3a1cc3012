-- Allocates ids for $1 rows of usage analytics; null if ids do not come from a sequence.
SELECT nextval(pg_get_serial_sequence('account_accountapikeyanalytics', 'id')) AS id
FROM generate_series(1, $1::integer)
