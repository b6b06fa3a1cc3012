"""How PostgreSQL runs the statements of requests where there are many rows."""
