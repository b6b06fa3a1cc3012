"""Who may call an endpoint: a partner, the owner of an address, an internal service."""
