"""A trace of model calls, sent once more through the interface as a platform would send it.

Standard library alone, and nothing of the application: it knows the interface and no more. The
command that shows it is `replay_trace`. `run.py` is the one to begin with.
"""
