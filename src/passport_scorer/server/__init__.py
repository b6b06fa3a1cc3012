"""Serving: sockets, worker processes, and a graceful end."""
