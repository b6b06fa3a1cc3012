"""The report on a comparison: in the terminal, as an HTML page, and as JSON."""
