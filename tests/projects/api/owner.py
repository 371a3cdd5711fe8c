"""What the owner of the tables does beside a test: committed at once, on a connection of its own."""

from __future__ import annotations

import json
from typing import Any

import psycopg
from django.db import connections


def as_owner(statement: str, *values: Any) -> None:
    said = connections["owner"].settings_dict
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}
    where = {ours: str(said[theirs]) for theirs, ours in names.items() if said[theirs]}
    if said["PORT"]:
        where["port"] = str(said["PORT"])
    with psycopg.connect(**where, autocommit=True) as owner:
        owner.execute(statement, values)


def make_price(model: str, **rates: Any) -> None:
    """Nano-units for a million of each unit. It stays: give the model a name of its own."""
    as_owner(
        "INSERT INTO projects_modelprice (model, provider, mode, rates, imported_at)"
        " VALUES (%s, '', '', %s, now()) ON CONFLICT (model) DO UPDATE SET rates = excluded.rates",
        model,
        json.dumps(rates),
    )
