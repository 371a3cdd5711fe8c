"""Reads of an organization, a module for each noun. Nothing here changes anything."""
