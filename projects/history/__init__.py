"""Who could do what at an earlier moment, and why, rebuilt from the ledger alone.

`fold.py` gives the access tables as they stood after an entry, `judge.py` puts the decision to
them that `Access.can` makes today, `people.py` and `organization.py` count and list. Names are
those that the log has (`names.py`). Nothing here reads who holds what today.
"""
