"""The report on a comparison: for people in a terminal and in a browser, and for programs."""
