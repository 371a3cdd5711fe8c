"""The sums of usage by subject and by day, straight from the rollups.

Without a filter `UsageDay` is read, which does not grow with requests; with one, `UsageFact`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

from django.db import connection

from billing.models import UsageDay
from billing.queries.usage_names import Known, known
from config.keyset import page_of, read_cursor
from orgs.access import Access
from projects.models import Project

Dimension = UsageDay.Dimension
Row = tuple[Any, ...]

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Sums:
    """Verifications, those refused, and the tokens and the money (nano-units) reported."""

    calls: int = 0
    refused: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: int = 0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    def of(self, measure: str) -> int:
        return int(getattr(self, measure))

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Sums)))

    def __sub__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(Sums)))

    def __bool__(self) -> bool:
        return any(getattr(self, f.name) for f in fields(Sums))


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One line. `standing` is seen, none (there is no such thing), gone or unseen (all others)."""

    subject: str
    standing: str
    name: str
    sums: Sums
    together: int = 1
    sort_name: str = ""
    value: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """What is counted: an organization's days, under filters by dimension ("" for none)."""

    access: Access
    filters: Mapping[Dimension, str] = field(default_factory=dict)
    project: Project | None = None

    @property
    def all_filters(self) -> dict[Dimension, str]:
        fixed = {Dimension.PROJECT: str(self.project.pk)} if self.project else {}
        return dict(self.filters) | fixed


_SUMS = "sum(calls), sum(refused), sum(tokens_in), sum(tokens_out), sum(cost)"
_COLUMN = {
    Dimension.PROJECT: "project_id",
    Dimension.GROUP: "group_id",
    Dimension.PERSON: "person_id",
    Dimension.KEY: "key_id",
    Dimension.MODEL: "model",
    Dimension.TASK: "task",
}
_ORDER = {
    "cost": "cost DESC",
    "calls": "calls DESC",
    "tokens": "tokens_in + tokens_out DESC",
}


def totals_by_day(
    source: Source, start: datetime.date, end: datetime.date
) -> dict[datetime.date, Sums]:
    """The sums of every day [start, end) that has any. One query."""
    table, where, said = _from(source, Dimension.TOTAL, start, end)
    statement = f"SELECT day, {_SUMS} FROM {table} WHERE {where} GROUP BY day"  # noqa: S608  only our own words are put in
    rows = _rows(statement, said)
    return {row[0]: _sums(row[1:]) for row in rows}


def subjects(
    source: Source,
    by: Dimension,
    start: datetime.date,
    end: datetime.date,
    *,
    sort: str,
    cursor: str | None = None,
    size: int = PAGE_SIZE,
) -> tuple[list[Subject], str | None, int]:
    """A page of the lines, the largest first (or by name), the cursor of the next, and how many
    there are. One query."""
    folded, said = _folded(source, by, start, end)
    key = "sort_name" if sort == "name" else _ORDER[sort].removesuffix(" DESC")
    sign, direction = (">", "ASC") if sort == "name" else ("<", "DESC")
    after = _after(cursor, by_name=sort == "name")
    beyond = ""
    if after is not None:
        beyond = f"WHERE ({key} {sign} %(value)s OR {key} = %(value)s AND subject > %(subject)s)"
        said |= {"value": after[0], "subject": after[1]}
    statement = f"""
        {folded}
        SELECT subject, standing, name, sort_name, together, calls, refused, tokens_in, tokens_out,
               cost, (SELECT count(*) FROM folded)
        FROM folded {beyond} ORDER BY {key} {direction}, subject ASC LIMIT %(limit)s
    """  # noqa: S608  only our own words are put in
    found = _rows(statement, said | {"limit": size + 1})
    lines = [_subject(row, sort) for row in found]
    names = ("sort_name" if sort == "name" else "value", "subject")
    page = page_of(lines, names, size=size, backwards=False, first=True)
    return page.rows, page.older, found[0][10] if found else 0


def days_of(
    source: Source, by: Dimension, start: datetime.date, end: datetime.date, lines: list[Subject]
) -> list[tuple[Subject, dict[datetime.date, Sums]]]:
    """Some lines, and the sums of each of their days. One query."""
    table, where, said = _from(source, by, start, end)
    column = _subject_of(source, by)
    statement = f"""
        SELECT {column}, day, {_SUMS} FROM {table}
        WHERE {where} AND {column} = ANY (%(subjects)s) GROUP BY 1, 2
    """  # noqa: S608  only our own words are put in
    rows = _rows(statement, said | {"subjects": [line.subject for line in lines]})
    found: dict[str, dict[datetime.date, Sums]] = {line.subject: {} for line in lines}
    for row in rows:
        found[row[0]][row[1]] = _sums(row[2:])
    return [(line, found[line.subject]) for line in lines]


def _folded(
    source: Source, by: Dimension, start: datetime.date, end: datetime.date
) -> tuple[str, dict[str, Any]]:
    """CTEs up to `folded`: a row a line, those that the reader may not see as one."""
    table, where, said = _from(source, by, start, end)
    column = _subject_of(source, by)
    named, more = _named(known(source.access, by, at=source.project))
    statement = f"""
        WITH counted AS MATERIALIZED (
            SELECT {column} AS subject, {_named_sums()} FROM {table} WHERE {where} GROUP BY 1
        ), named AS ({named}), folded AS MATERIALIZED (
            SELECT CASE WHEN standing = 'unseen' THEN '~' ELSE subject END AS subject, standing,
                   name, sort_name, count(*) AS together, {_named_sums()}
            FROM named GROUP BY 1, 2, 3, 4
        )
    """  # noqa: S608  only our own words are put in
    return statement, said | more


def _named(rows: Known | None) -> tuple[str, dict[str, Any]]:
    if rows is None:
        return (
            "SELECT counted.*, CASE WHEN subject = '' THEN 'none' ELSE 'seen' END AS standing,"
            " subject AS name, fold_name(subject) AS sort_name FROM counted",
            {},
        )
    every, said = embedded(rows.every.values("id", "name"), "every")
    seen = "true"
    more: dict[str, Any] = {}
    if rows.seen is not None:
        inner, more = embedded(rows.seen.values("pk"), "seen")
        seen = f"e.id IN ({inner})"
    statement = f"""
        SELECT counted.*, s.standing,
               CASE WHEN s.standing = 'seen' THEN e.name ELSE '' END AS name,
               CASE WHEN s.standing = 'seen' THEN fold_name(e.name) ELSE '' END AS sort_name
        FROM counted LEFT JOIN ({every}) AS e (id, name)
             ON e.id = nullif(counted.subject, '')::uuid,
        LATERAL (SELECT CASE WHEN counted.subject = '' THEN 'none' WHEN e.id IS NULL THEN 'gone'
                             WHEN {seen} THEN 'seen' ELSE 'unseen' END) AS s (standing)
    """  # noqa: S608  only our own words are put in
    return statement, said | more


def embedded(rows: Any, prefix: str) -> tuple[str, dict[str, Any]]:
    """A queryset as part of a statement whose parameters have names."""
    text, given = rows.order_by().query.sql_with_params()
    names = [f"{prefix}_{place}" for place in range(len(given))]
    return text % tuple(f"%({name})s" for name in names), dict(zip(names, given, strict=True))


def _from(
    source: Source, by: Dimension, start: datetime.date, end: datetime.date
) -> tuple[str, str, dict[str, Any]]:
    """The table that answers it, and which of its rows."""
    said: dict[str, Any] = {"org": source.access.org.id, "start": start, "end": end}
    where = "organization_id = %(org)s AND day >= %(start)s AND day < %(end)s"
    if not source.all_filters:
        said["dimension"] = by.value
        return "billing_usageday", f"{where} AND dimension = %(dimension)s", said
    for dimension, subject in source.all_filters.items():
        column = _COLUMN[dimension]
        by_name = dimension in (Dimension.MODEL, Dimension.TASK)
        if subject or by_name:
            where += f" AND {column} = %(f_{column})s"
            said[f"f_{column}"] = subject if by_name else UUID(subject)
        else:
            where += f" AND {column} IS NULL"
    return "billing_usagefact", where, said


def _subject_of(source: Source, by: Dimension) -> str:
    if not source.all_filters:
        return "subject"
    column = _COLUMN[by]
    return column if by in (Dimension.MODEL, Dimension.TASK) else f"coalesce({column}::text, '')"


def _named_sums() -> str:
    return ", ".join(f"sum({f.name}) AS {f.name}" for f in fields(Sums))


def _after(cursor: str | None, *, by_name: bool) -> tuple[Any, str] | None:
    _, values = read_cursor(cursor, 2)
    if values is None or type(values[0]) is not (str if by_name else int):
        return None
    return (values[0], values[1]) if isinstance(values[1], str) else None


def _subject(row: Row, sort: str) -> Subject:
    sums = _sums(row[5:10])
    return Subject(
        subject=row[0],
        standing=row[1],
        name=row[2],
        sort_name=row[3],
        together=row[4],
        sums=sums,
        value=0 if sort == "name" else sums.of(sort),
    )


def _sums(values: Row) -> Sums:
    return Sums(*(int(value or 0) for value in values))


def _rows(statement: str, said: Mapping[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(statement, said)
        return list(cursor.fetchall())
