-- Tests that the database accepts writes, and returns its time. Writes nothing.
SELECT
    NOT pg_is_in_recovery()
        AND NOT current_setting('transaction_read_only')::boolean AS is_writable,
    clock_timestamp() AS now
