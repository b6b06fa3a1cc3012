"""ASGI middleware: telemetry, the access log, limits, the routing header."""
