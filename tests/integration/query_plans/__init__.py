"""Plans of the statements of requests, on tables with many rows."""
