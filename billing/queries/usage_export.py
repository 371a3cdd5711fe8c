"""Usage as a file: the days of the rollups, or the requests themselves, streamed from the database.

PostgreSQL writes the lines (COPY), so that a file of any length takes no memory here. Names are
withheld as on the page; what it folds into one line is folded here too.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import connection

from billing.export_columns import COPY, Column, Form, line, made
from billing.export_lines import BY_ID, Lines, column, folded, of_day, of_request
from billing.models import UsageDay
from billing.periods import DAY, midnight
from billing.queries.usage_names import WORDS, Known, known
from billing.queries.usage_rows import embedded
from orgs.access import Access
from orgs.models import Group, Membership
from orgs.tenancy import bound
from projects.models import Key, Project
from projects.queries.calls import uuid_floor

Dimension = UsageDay.Dimension

VERSION = 1
BLOCK = 64 * 1024
# An id begins with a time shortly before `at`: whoever asked made it.
_APART = datetime.timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Export:
    """What is written: the days [start, end) of an organization, under filters ("" for none)."""

    organization: UUID
    lines: Lines
    form: Form
    start: datetime.date
    end: datetime.date
    costs: bool
    names: Mapping[Dimension, Known]
    filters: Mapping[Dimension, str] = field(default_factory=dict)

    @cached_property
    def columns(self) -> list[Column]:
        told = of_day() if self.lines is Lines.DAY else of_request(self.withheld)
        return [column for column in told if self.costs or not column.is_money]

    @property
    def withheld(self) -> set[Dimension]:
        return {dimension for dimension, rows in self.names.items() if rows.seen is not None}

    @property
    def schema(self) -> str:
        return f"bailiwick.usage.{self.lines.value}/{VERSION}"

    @property
    def file(self) -> str:
        days = f"{self.start:%Y%m%d}-{self.end - DAY:%Y%m%d}"
        return f"usage-{self.lines.value}-{days}.v{VERSION}.{self.form.value}"


def names_for(access: Access) -> dict[Dimension, Known]:
    """As far as this person may know them."""
    found = {dimension: known(access, dimension) for dimension in BY_ID}
    return {dimension: rows for dimension, rows in found.items() if rows is not None}


def names_of(organization: UUID) -> dict[Dimension, Known]:
    """Every one, for the operator."""
    projects = Project.objects.in_org(organization).exclude(state=Project.State.DELETED)
    return {
        Dimension.PROJECT: Known(projects, None),
        Dimension.GROUP: Known(Group.objects.in_org(organization), None),
        Dimension.PERSON: Known(Membership.objects.in_org(organization), None),
        Dimension.KEY: Known(Key.objects.in_org(organization), None),
    }


def filter_names(export: Export) -> dict[Dimension, str]:
    """What the filters name, as far as it may be known. At most a query each."""
    found = {}
    for dimension, subject in export.filters.items():
        words, rows = WORDS[dimension], export.names.get(dimension)
        if rows is not None and subject:
            visible = rows.every if rows.seen is None else rows.every.filter(pk__in=rows.seen)
            name = visible.filter(pk=subject).values_list("name", flat=True).first()
            found[dimension] = name or words.gone
        else:
            found[dimension] = subject or words.nothing
    return found


def export_blocks(export: Export) -> Iterator[bytes]:
    """The file, a block at a time, in a transaction of its own."""
    with bound(export.organization):
        yield from _blocks(export)


def export_count(export: Export) -> int:
    """How many lines of days, or how many verifications: what a person is told before."""
    where, said = _where(export, Lines.DAY)
    what = "count(*)" if export.lines is Lines.DAY else "coalesce(sum(c.calls), 0)"
    names, more = _names(export)
    rows = f"billing_usagefact c {_joins(Lines.DAY)} WHERE {where}"
    statement = f"{names} SELECT {what} FROM {rows}"  # noqa: S608  only our own words are put in
    with connection.cursor() as cursor:
        cursor.execute(statement, said | more)
        return int(cursor.fetchone()[0])


def _blocks(export: Export) -> Iterator[bytes]:
    statement, said = _statement(export)
    raw: psycopg.Connection[Any] = connection.connection
    lines, size = [], 0
    if export.form is Form.JSONL:
        yield _head(export)
    # The order of the log is kept by reading it alone, and sums of days fit into memory.
    raw.execute("SET LOCAL max_parallel_workers_per_gather = 0")
    raw.execute("SET LOCAL jit = off")
    count = 0
    with psycopg.ClientCursor(raw) as cursor, cursor.copy(statement, said) as copy:
        for one in copy:
            lines.append(one)
            size += len(one)
            if size >= BLOCK:
                count += len(lines)
                yield b"".join(lines)
                lines, size = [], 0
    count += len(lines)
    if export.form is Form.JSONL:
        lines.append(json.dumps({"schema": export.schema, "lines": count}).encode() + b"\n")
    yield b"".join(lines)


def _head(export: Export) -> bytes:
    """The first line: what this is, of what, and under which filters."""
    said = {
        "schema": export.schema,
        "since": export.start.isoformat(),
        "until": (export.end - DAY).isoformat(),
        "time_zone": settings.TIME_ZONE,
        "currency": settings.CURRENCY if export.costs else None,
        "filters": {name.value: subject for name, subject in export.filters.items()},
        "columns": [column.name for column in export.columns],
    }
    return json.dumps(said).encode() + b"\n"


# --- The statement --------------------------------------------------------------------------------


def _statement(export: Export) -> tuple[str, dict[str, Any]]:
    names, said = _names(export)
    where, more = _where(export, export.lines)
    selected = line(export.columns, export.form)
    if export.lines is Lines.DAY:
        # What the reader may not see has no id left, so that several lines become one.
        one = folded(export.withheld)
        text = (
            f"{names}, folded AS (SELECT {one} FROM billing_usagefact c {_joins(Lines.DAY)}"  # noqa: S608  as above
            f" WHERE {where} GROUP BY {', '.join(map(str, range(1, 12)))})"
            f" SELECT {selected} FROM folded c ORDER BY"
            " day, project, cost_centre, person, key, model, task, project_id, cost_centre_id,"
            " person_id, key_id"
        )
    else:
        rows = f"projects_call c {_joins(Lines.REQUEST)} WHERE {where}"
        text = f"{names} SELECT {selected} FROM {rows}"  # noqa: S608  as above
    return f"COPY ({text}) TO STDOUT WITH ({COPY[export.form]})", said | more


def _names(export: Export) -> tuple[str, dict[str, Any]]:
    """A table for each kind of name: written once, however many lines have it."""
    parts: list[str] = []
    said: dict[str, Any] = {}
    for dimension, rows in export.names.items():
        every, more = embedded(rows.every.values("id", "name"), dimension.value)
        said |= more
        shown, name = "e.id", made("e.name", export.form)
        if rows.seen is not None:
            inner, more = embedded(rows.seen.values("pk"), f"{dimension.value}_seen")
            said |= more | {f"{dimension.value}_unseen": WORDS[dimension].unseen}
            unseen = made(f"%({dimension.value}_unseen)s::text", export.form)
            shown = f"CASE WHEN e.id IN ({inner}) THEN e.id END"
            name = f"CASE WHEN e.id IN ({inner}) THEN {name} ELSE {unseen} END"
        said[f"{dimension.value}_gone"] = WORDS[dimension].gone
        parts.append(
            f"n_{dimension.value} AS MATERIALIZED (SELECT e.id, {shown} AS shown, {name} AS name"  # noqa: S608  as above
            f" FROM ({every}) AS e (id, name))"
        )
    gone = ", ".join(
        f"{made(f'%({one.value}_gone)s::text', export.form)} AS {one.value}" for one in export.names
    )
    return f"WITH {', '.join(parts)}, gone AS MATERIALIZED (SELECT {gone})", said


def _joins(lines: Lines) -> str:
    joins = [
        f"LEFT JOIN n_{one.value} ON n_{one.value}.id = c.{column(one, lines)}" for one in BY_ID
    ]
    return " ".join(["CROSS JOIN gone", *joins])


def _where(export: Export, lines: Lines) -> tuple[str, dict[str, Any]]:
    where, said = _days(export) if lines is Lines.DAY else _moments(export)
    said["org"] = export.organization
    for dimension, subject in export.filters.items():
        name = f"c.{column(dimension, lines)}"
        by_id = dimension in BY_ID
        if by_id and not subject:
            where += f" AND {name} IS NULL"
            continue
        where += f" AND {name} = %(is_{dimension.value})s"
        said[f"is_{dimension.value}"] = UUID(subject) if by_id else subject
        if by_id:
            # An id that the reader may not see is answered as one that was made up.
            known_as = f"n_{dimension.value}"
            where += f" AND ({known_as}.id IS NULL OR {known_as}.shown IS NOT NULL)"
    return f"c.organization_id = %(org)s AND {where}", said


def _days(export: Export) -> tuple[str, dict[str, Any]]:
    return (
        "c.day >= %(start)s AND c.day < %(end)s",
        {"start": export.start, "end": export.end},
    )


def _moments(export: Export) -> tuple[str, dict[str, Any]]:
    since, until = midnight(export.start), midnight(export.end)
    said = {"since": since, "until": until, "zone": settings.TIME_ZONE}
    said |= {"floor": uuid_floor(since - _APART), "ceiling": uuid_floor(until + _APART)}
    return (
        "c.id >= %(floor)s AND c.id < %(ceiling)s AND c.at >= %(since)s AND c.at < %(until)s"
        " AND c.endpoint IN ('/v1/keys/verify', '/v1/usage')",
        said,
    )
