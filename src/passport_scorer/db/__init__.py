"""PostgreSQL: the pool, the queries and their typed callers, the schema, the embedded server."""
