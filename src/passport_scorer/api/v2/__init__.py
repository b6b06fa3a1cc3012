"""Endpoints for partners, who present an API key."""
