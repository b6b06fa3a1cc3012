"""Comparison of responses and rows, and the rules for expected differences. Pure functions."""
