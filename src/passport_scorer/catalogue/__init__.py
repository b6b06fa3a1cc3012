"""The stamp catalogue: which stamps exist, and how they are shown to people."""
