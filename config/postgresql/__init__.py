"""Django's PostgreSQL, with a look at each pooled connection that asks the server nothing."""
