"""Who may call: API keys, rate limits, usage analytics."""
