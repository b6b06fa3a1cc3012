"""Every SQL statement, and the Python types of its parameters and rows."""
