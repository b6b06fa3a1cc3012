-- The usable b-tree indexes of the tables, those of constraints included. Those for LIKE
-- searches (operator classes other than the default) are left out.
SELECT
    c.relname::text                           AS table_name,
    i.relname::text                           AS name,
    ARRAY(
        SELECT pg_get_indexdef(x.indexrelid, k, true)
            || CASE x.indoption[k - 1] & 3
                WHEN 0 THEN ''
                WHEN 1 THEN ' DESC NULLS LAST'
                WHEN 2 THEN ' NULLS FIRST'
                ELSE ' DESC'
            END
        FROM generate_series(1, x.indnkeyatts) AS k
        ORDER BY k
    )                                         AS columns,
    pg_get_expr(x.indpred, x.indrelid, true)  AS predicate,
    -- A deferrable constraint is checked too late for ON CONFLICT.
    x.indisunique AND x.indimmediate          AS is_unique
FROM pg_class AS c
JOIN pg_index AS x ON x.indrelid = c.oid AND x.indisvalid
JOIN pg_class AS i ON i.oid = x.indexrelid
JOIN pg_am AS m ON m.oid = i.relam AND m.amname = 'btree'
WHERE c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
    AND NOT EXISTS (
        SELECT FROM pg_opclass AS o WHERE o.oid = ANY (x.indclass) AND NOT o.opcdefault
    )
ORDER BY c.relname, columns, predicate NULLS FIRST, is_unique, i.relname
