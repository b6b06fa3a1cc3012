"""Endpoints for the internal network: scores, bans, stakes, lists, embedding."""
