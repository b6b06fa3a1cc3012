"""Ethereum standards, one module each: no database, and no HTTP but JSON-RPC."""
