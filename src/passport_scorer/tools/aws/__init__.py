"""AWS templates: load balancing, the infrastructure rules, and stages of traffic shifting."""
