"""Measures the service side by side with the database alone and the usual design.

`make bench`, or `python -m benchmarks --help`. The results are in `docs/performance.md`.
"""
