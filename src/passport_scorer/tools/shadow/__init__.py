"""Comparing two deployments before a switch: same requests, differences, report."""
