"""Deeds on the log itself. The entries' own stand here by name, for who stands above."""

from audit.actions.entries import Verdict, event_read, event_verify, project_read

__all__ = ["Verdict", "event_read", "event_verify", "project_read"]
