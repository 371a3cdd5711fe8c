"""The typed form of each kind of resource, one module a kind."""
