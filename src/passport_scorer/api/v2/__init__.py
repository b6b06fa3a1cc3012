"""What partners and everybody may call."""
