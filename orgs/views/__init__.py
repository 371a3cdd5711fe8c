"""The pages of an organization, a module for each noun."""
