-- Takes ids for so many rows of usage analytics; null where ids don't come from a sequence.
SELECT nextval(pg_get_serial_sequence('account_accountapikeyanalytics', 'id')) AS id
FROM generate_series(1, $1::integer)
