"""Comparing two answers or two sets of rows by rules. Pure functions."""
