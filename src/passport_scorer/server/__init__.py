"""Serving: sockets, the HTTP protocol, worker processes, graceful shutdown."""
