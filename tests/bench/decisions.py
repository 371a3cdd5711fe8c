"""What a permission check costs: binding, the first answer of a request, and every later one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection, transaction

from audit.ledger import Actor
from config.prepared import prepared_row
from config.roles import Permission
from orgs.tenancy import bind_member
from tests.bench import floor
from tests.bench.seed import Scale
from tests.bench.timing import Line, side_by_side

BIND = "SELECT * FROM bind_request(%s, %s)"
BINDING, WARM = 3.2, 2e-6
SOMEONE = Actor("person", None, "Someone")
Who = tuple[str, UUID]


def decisions(scale: Scale, owner: psycopg.Connection[Any]) -> list[Line]:
    large = _viewers(owner, "slug = 'large'")
    small = _viewers(owner, "slug <> 'large'")
    with transaction.atomic():
        connection.ensure_connection()
        one_row = floor.OneRow(connection.connection, [person for _, person in small + large])
        return [
            _line(
                "Binding, `bind_request`", f"{len(small):,} organizations", _bind(small), one_row
            ),
            _line("Binding, `bind_request`", f"{scale.members:,} members", _bind(large), one_row),
            _line(
                "A cold check: binding, access, answer", "any", _cold(small), one_row, limit=None
            ),
            _warm(large, one_row),
        ]


def _line(
    work: str,
    size: str,
    call: Callable[[], object],
    one_row: floor.OneRow,
    *,
    limit: float | None = BINDING,
) -> Line:
    seconds, base = side_by_side(call, one_row, seconds=2)
    return Line(
        work=work, size=size, seconds=seconds, floor=base, floor_is=floor.PREPARED, limit=limit
    )


def _bind(people: list[Who]) -> Callable[[], object]:
    turn = itertools.cycle(people)

    def bind() -> None:
        assert prepared_row(BIND, next(turn))

    return bind


def _cold(people: list[Who]) -> Callable[[], object]:
    turn = itertools.cycle(people)

    def check() -> None:
        slug, person = next(turn)
        access = bind_member(slug, person, identity=SOMEONE)
        assert access
        assert access.can(Permission.ORG_VIEW)

    return check


def _warm(people: list[Who], one_row: floor.OneRow) -> Line:
    access = bind_member(*people[0], identity=SOMEONE)
    assert access
    permissions: Iterator[Permission] = itertools.cycle(Permission)
    seconds, base = side_by_side(lambda: access.can(next(permissions)), one_row)
    return Line(
        work="A warm check: `access.can`",
        size="any",
        seconds=seconds,
        floor=base,
        floor_is=floor.PREPARED,
        longest=WARM,
    )


def _viewers(owner: psycopg.Connection[Any], condition: str) -> list[Who]:
    rows = owner.execute(f"SELECT slug, person FROM bench_viewers WHERE {condition}").fetchall()
    return [(slug, person) for slug, person in rows]
