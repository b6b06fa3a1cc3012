"""Infrastructure templates: what they say, the rules that they keep, stages of routing."""
