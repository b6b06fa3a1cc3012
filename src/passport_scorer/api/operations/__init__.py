"""Health, metrics, and the documentation pages."""
