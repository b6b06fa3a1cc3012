"""Recorded requests: our own format, and foreign formats that can be read."""
