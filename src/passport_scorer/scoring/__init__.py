"""Scoring: load, decide, save; in batches, with caches."""
