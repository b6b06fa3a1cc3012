"""Guards decide who may call an endpoint: partner, owner, internal service."""
