"""Stamps and their signatures: reading a credential, and verifying it without the network."""
