"""What each line of a usage export says: of a day from the rollup, of a request from the log.

In the terms of the statement in `usage_export.py`: `c` is the line, `n_<dimension>` the names that
the reader may know, `gone` the words for what has none any more.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from django.conf import settings

from billing.export_columns import Column, Kind, money_text
from billing.models import UsageDay

Dimension = UsageDay.Dimension

BY_ID = (Dimension.PROJECT, Dimension.GROUP, Dimension.PERSON, Dimension.KEY)
# In the log and in the rollup, and how a file calls them.
CALLED = {
    Dimension.PROJECT: ("project_id", "project_id", "project"),
    Dimension.GROUP: ("cost_centre_id", "group_id", "cost_centre"),
    Dimension.PERSON: ("creator_id", "person_id", "person"),
    Dimension.KEY: ("key_id", "key_id", "key"),
    Dimension.MODEL: ("model", "model", "model"),
    Dimension.TASK: ("task", "task", "task"),
}


Withheld = Collection[Dimension]
"""The dimensions of which the reader may not see every row."""


class Lines(StrEnum):
    DAY = "day"
    REQUEST = "request"


def column(dimension: Dimension, lines: Lines) -> str:
    return CALLED[dimension][1 if lines is Lines.DAY else 0]


def name_and_id(dimension: Dimension, lines: Lines, withheld: Withheld) -> tuple[str, str]:
    """A name, made already, and the id where it may be known."""
    table, own = f"n_{dimension.value}", f"c.{column(dimension, lines)}"
    shown = f"CASE WHEN {table}.id IS NULL THEN {own} ELSE {table}.shown END"
    return (
        f"coalesce({table}.name, CASE WHEN {own} IS NOT NULL THEN gone.{dimension.value} END)",
        shown if dimension in withheld else own,
    )


def folded(withheld: Withheld) -> str:
    parts = ["c.day"]
    for dimension in BY_ID:
        name, own = name_and_id(dimension, Lines.DAY, withheld)
        called = CALLED[dimension][2]
        parts += [f"{name} AS {called}", f"{own} AS {called}_id"]
    sums = ("calls", "refused", "tokens_in", "tokens_out", "cost")
    parts += ["c.model", "c.task", *(f"sum(c.{name})::bigint AS {name}" for name in sums)]
    return ", ".join(parts)


def of_day() -> list[Column]:
    columns = [Column("day", "c.day", Kind.PLAIN)]
    for dimension in BY_ID:
        called = CALLED[dimension][2]
        columns += [
            Column(called, f"c.{called}", Kind.MADE, may_be_null=True),
            Column(f"{called}_id", f"c.{called}_id", Kind.PLAIN, may_be_null=True),
        ]
    return [
        *columns,
        Column("model", "c.model", Kind.TEXT),
        Column("task", "c.task", Kind.TEXT),
        Column("verifications", "c.calls"),
        Column("refused", "c.refused"),
        Column("tokens_in", "c.tokens_in"),
        Column("tokens_out", "c.tokens_out"),
        *_money("cost"),
    ]


def of_request(withheld: Withheld) -> list[Column]:
    columns = [
        Column("at", "c.at AT TIME ZONE 'UTC'", Kind.TIME),
        Column("day", "(c.at AT TIME ZONE %(zone)s)::date", Kind.PLAIN),
        Column("id", "c.id", Kind.PLAIN),
        Column("endpoint", "c.endpoint", Kind.PLAIN),
        Column("verification_id", "c.verification_id", Kind.PLAIN, may_be_null=True),
    ]
    for dimension in BY_ID:
        called = CALLED[dimension][2]
        name, own = name_and_id(dimension, Lines.REQUEST, withheld)
        columns += [
            Column(called, name, Kind.MADE, may_be_null=True),
            Column(f"{called}_id", own, Kind.PLAIN, may_be_null=True),
        ]
    return [
        *columns,
        *(Column(name, f"c.{name}", Kind.TEXT) for name in ("action", "model", "task")),
        Column("allowed", "c.allowed::text"),
        # Words of our own.
        *(Column(name, f"c.{name}", Kind.PLAIN) for name in ("reason", "layer")),
        Column("units", "c.units", may_be_null=True),
        Column("estimate_nano", "c.estimate", is_money=True),
        *_money("cost"),
    ]


def _money(name: str) -> list[Column]:
    return [
        Column("currency", f"'{settings.CURRENCY}'", Kind.PLAIN, is_money=True),
        Column(name, money_text(f"c.{name}"), Kind.PLAIN, is_money=True),
        Column(f"{name}_nano", f"c.{name}", is_money=True),
    ]
