"""The command passport-scorer."""
