"""Recorded requests: our own format, and those of others that can be read."""
