"""Endpoints for the internal network."""
