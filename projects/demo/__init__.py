"""The chapter that this app adds to the demo: workspaces, projects, roles on them, requests.

`acme.py` and its neighbours tell it, `book.py` keeps what stands, `turns.py`, `parts.py` and
`asking.py` play it; orgs/demo writes it down.
"""
