"""Settings: each variable once, how it is parsed, checked and shown."""
