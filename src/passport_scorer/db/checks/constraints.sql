-- The foreign keys and CHECK constraints of the tables.
SELECT
    c.relname::text AS table_name,
    -- Without the schema's name, and the same on every version of PostgreSQL.
    CASE k.contype
        WHEN 'c' THEN pg_get_constraintdef(k.oid, true)
        ELSE format(
            'FOREIGN KEY (%s) REFERENCES %s (%s)%s%s',
            (
                SELECT string_agg(a.attname, ', ' ORDER BY p.n)
                FROM unnest(k.conkey) WITH ORDINALITY AS p (attnum, n)
                JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = p.attnum
            ),
            r.relname,
            (
                SELECT string_agg(a.attname, ', ' ORDER BY p.n)
                FROM unnest(k.confkey) WITH ORDINALITY AS p (attnum, n)
                JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = p.attnum
            ),
            CASE k.confdeltype
                WHEN 'c' THEN ' ON DELETE CASCADE'
                WHEN 'n' THEN ' ON DELETE SET NULL'
                WHEN 'd' THEN ' ON DELETE SET DEFAULT'
                WHEN 'r' THEN ' ON DELETE RESTRICT'
                ELSE ''
            END,
            CASE
                WHEN k.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED'
                WHEN k.condeferrable THEN ' DEFERRABLE'
                ELSE ''
            END
        )
    END             AS definition
FROM pg_class AS c
JOIN pg_constraint AS k ON k.conrelid = c.oid AND k.contype IN ('f', 'c')
LEFT JOIN pg_class AS r ON r.oid = k.confrelid
WHERE c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
ORDER BY 1, 2
