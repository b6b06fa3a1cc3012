"""Infrastructure templates: parsing them, the rules they keep, stages of routing."""
