-- The columns of the tables. `filled`: who gives a value where an INSERT gives none.
SELECT
    c.relname::text                      AS table_name,
    a.attname::text                      AS name,
    format_type(a.atttypid, a.atttypmod) AS type,
    NOT a.attnotnull                     AS nullable,
    CASE
        WHEN a.attidentity <> '' THEN 'identity'
        WHEN a.attgenerated <> '' THEN 'generated'
        WHEN a.atthasdef THEN 'default'
        ELSE ''
    END                                  AS filled,
    -- Of an identity column, the sequence needs no privilege.
    a.attidentity <> '' OR coalesce(
        has_sequence_privilege(pg_get_serial_sequence(c.oid::regclass::text, a.attname), 'USAGE'),
        true
    )                                    AS sequence_usable
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
ORDER BY c.relname, a.attnum
