-- Can the database be written to, and what time is it there? Writes nothing.
SELECT
    NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean AS is_writable,
    clock_timestamp() AS now
