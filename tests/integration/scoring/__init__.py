"""The scoring service on a real PostgreSQL."""
