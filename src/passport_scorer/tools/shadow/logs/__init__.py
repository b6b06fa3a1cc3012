"""Readers for logs of requests: JSON Lines, access logs of servers and proxies."""
