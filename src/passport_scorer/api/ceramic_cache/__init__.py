"""Endpoints for the owners of addresses: sign-in and the stamp store."""
