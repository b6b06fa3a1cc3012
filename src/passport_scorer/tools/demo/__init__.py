"""Making a small world to try the service in: keys, stamps, communities. Never for production."""
