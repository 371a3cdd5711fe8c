"""The isolation self-test: does any route tell an outsider more than that there is nothing?

`routes.py` knows the addresses, `samples.py` ids of an organization, `walk.py` calls and compares.
`manage.py isolation_check` prints what came out. Whatever it does is undone.
"""
