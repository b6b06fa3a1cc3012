"""Internal endpoints on a real PostgreSQL."""
