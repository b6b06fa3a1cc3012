-- Whether the database accepts writes, and its time. Writes nothing.
SELECT
    NOT pg_is_in_recovery()
        AND NOT current_setting('transaction_read_only')::boolean AS is_writable,
    clock_timestamp() AS now
