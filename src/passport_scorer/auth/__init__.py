"""Authentication: API keys, rate limits, usage analytics, access tokens, sign-in."""
