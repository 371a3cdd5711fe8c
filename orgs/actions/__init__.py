"""The deeds of an organization, a module for each noun."""
