-- Which of the tables exist, and what the current user may do with them.
SELECT
    c.relname::text AS table_name,
    ARRAY(
        SELECT privilege
        FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
        WHERE has_table_privilege(c.oid, privilege)
    ) AS privileges
FROM pg_class AS c
WHERE c.relname = ANY ($1::text[]) AND c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid)
ORDER BY 1
