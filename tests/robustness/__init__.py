"""What holds when things break: killed processes, a killed database, a full disk.

`python -m tests.robustness` kills a hundred times and more; the tests a few times.
"""
