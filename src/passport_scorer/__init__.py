"""Passport Scorer: tells an application whether an Ethereum address belongs to a unique human."""
