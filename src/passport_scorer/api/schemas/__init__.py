"""JSON bodies and parameters that several audiences share."""
