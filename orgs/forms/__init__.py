"""Parsing of what people send about an organization, a module for each noun."""
