"""Rows of other times, or written by hand."""
