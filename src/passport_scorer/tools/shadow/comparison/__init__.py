"""What differs between two answers, or two sets of rows, and which rule expects it. Pure."""
