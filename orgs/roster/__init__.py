"""The roster of an organization as a file: who is in it, in which role, in which groups.

`peribolos` reads and writes the file, `plan` says what it would change. Nothing here knows
Django or the database; the deeds that apply a plan live with the other actions.
"""
