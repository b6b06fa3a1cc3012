"""The stamp catalogue: what stamps there are, and how they are shown to people."""
