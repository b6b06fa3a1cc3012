"""Rows from older versions, or written by hand."""
