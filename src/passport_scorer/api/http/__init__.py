"""What every endpoint is made of: requests, responses, errors, OpenAPI."""
