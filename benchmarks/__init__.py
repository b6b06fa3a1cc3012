"""How fast the service is, measured beside the database alone and the usual design.

`make bench`, or `python -m benchmarks --help`. What was found: `docs/performance.md`.
"""
