"""The scoring road: read, decide, write."""
