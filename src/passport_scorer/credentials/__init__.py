"""W3C credentials: parsing and verifying a stamp, without the network."""
