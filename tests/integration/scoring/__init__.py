"""The scoring road on a real PostgreSQL."""
