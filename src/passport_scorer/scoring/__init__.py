"""Scoring: load the inputs of a score, decide, save the outcome; and the stamp store."""
