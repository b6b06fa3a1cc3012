"""Reports on a comparison: terminal, browser, JSON."""
