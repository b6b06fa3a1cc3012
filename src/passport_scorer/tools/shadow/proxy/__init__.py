"""A TCP proxy in front of the control that mirrors requests to the candidate."""
