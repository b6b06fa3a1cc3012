"""PostgreSQL: connections, statements with their typed callers, schema, checks."""
