"""Settings: every variable once, how it is read, and how it is shown."""
