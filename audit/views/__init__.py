"""The views of the log, by noun. HTTP only: get, ask, act, show."""
