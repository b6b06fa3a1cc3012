"""The stamp store over HTTP, on the tables of an existing deployment."""
