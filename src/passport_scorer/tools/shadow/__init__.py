"""Proof before a switch: the same requests to two deployments, and what differs."""
