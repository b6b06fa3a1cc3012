"""Ethereum standards, one module each: no database, and no HTTP except JSON-RPC."""
