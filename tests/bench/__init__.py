"""Benchmarks: every number is a ratio to a floor that was taken in the same run.

`python -m tests.bench` (make bench) writes docs/performance.md. Nothing here is a test, and no
test is timed.
"""
