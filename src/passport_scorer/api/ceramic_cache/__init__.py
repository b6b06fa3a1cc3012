"""Endpoints for the owners of addresses: sign-in, stamps, their own score."""
