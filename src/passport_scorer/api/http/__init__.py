"""Building blocks of every endpoint: requests, responses, errors, OpenAPI."""
