"""Endpoints for operators and readers: health, metrics, documentation pages."""
