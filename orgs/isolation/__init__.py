"""The isolation self-test: does any route tell an outsider more than that there is nothing?

`routes.py` knows the addresses, `samples.py` ids of an organization, `marks.py` by what its
contents are known again, `people.py` who calls. `calls.py` calls and undoes, `trial.py` compares.
A module for each part of the address space says what is asked there; `check.py` runs them all.
"""
