"""Demo data: accounts, keys, communities and really signed stamps. Never for production."""
