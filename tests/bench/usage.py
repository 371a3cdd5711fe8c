"""Usage: the page over ten million requests, adding them up, and taking them out as a file."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import psutil
import psycopg
from django.db import connection

from billing.actions.rollup import usage_roll
from billing.export_columns import Form
from billing.export_lines import Lines
from billing.periods import today_here
from billing.queries.usage_export import Export, export_blocks, names_of
from orgs.tenancy import bound
from tests.bench.pages import House
from tests.bench.programs import MODEL, TASK
from tests.bench.seed import Scale
from tests.bench.timing import Line, in_turn, side_by_side

PAGE, FILE = 2.0, 2.0
DAYS, EXPORTED = 90, 9
FEW, MINUTE = 10_000, 1_000
ROUNDS = 3

# Ten keys of each of the two, four pairs of model and task, evenly over the days; three requests
# of five are verifications, one of 35 of them is refused, the others report what was used.
CALLS = f"""
INSERT INTO projects_call (
    id, organization_id, at, endpoint, key_id, project_id, creator_id, action, model, task, ip,
    allowed, reason, layer, units, estimate, cost, noted)
SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7'
        || substr(md5(c.n::text), 1, 3) || '8' || substr(md5(c.n::text), 4, 15))::uuid,
       k.organization, at, CASE WHEN c.n %% 5 < 3 THEN '/v1/keys/verify' ELSE '/v1/usage' END,
       bench_id(22, k.number), k.project, k.creator, 'workflows.execute',
       CASE c.n %% 2 WHEN 0 THEN '{MODEL}' ELSE 'another' END,
       CASE c.n / 2 %% 2 WHEN 0 THEN '{TASK}' ELSE 'another' END, '192.0.2.1', c.n %% 35 <> 0,
       CASE c.n %% 35 WHEN 0 THEN 'rpm' ELSE '' END, '',
       CASE WHEN c.n %% 5 >= 3 THEN jsonb_build_object(
           'input_token', c.n %% 5000, 'output_token', c.n %% 900) END,
       1000, CASE WHEN c.n %% 5 >= 3 THEN c.n %% 100000 ELSE 0 END, true
FROM (SELECT n, now() - interval '{DAYS} days' * (1 - n::float8 / %(rows)s) AS at
      FROM generate_series(%(first)s::bigint, %(last)s::bigint) n) c
JOIN (SELECT *, row_number() OVER (ORDER BY number) - 1 AS turn FROM bench_keys
      WHERE slug = %(slug)s ORDER BY number LIMIT 10) k ON k.turn = c.n * 7 / 5 %% 10
"""
SAME_CUBE = """
SELECT organization_id, at::date, project_id, cost_centre_id, creator_id, key_id, model, task,
       count(*), count(*) FILTER (WHERE NOT allowed), sum(cost) FROM projects_call
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
AGAIN = """
TRUNCATE billing_usagefact, billing_usageday;
UPDATE billing_usagemark SET counted = 0, goal = NULL, place = NULL, step = DEFAULT
"""


def usage(scale: Scale, house: House, owner: psycopg.Connection[Any]) -> list[Line]:
    many = 2 * scale.events
    _seed(owner, many)
    return [*_adding(owner, many), *_page(house, many), *_exporting(scale, owner)]


def _seed(owner: psycopg.Connection[Any], many: int) -> None:
    """Once a database; as many as the ledger of the large organization has, twice."""
    row = owner.execute("SELECT to_regclass('bench_usage')").fetchone()
    if row and row[0]:
        return
    for slug, rows in (("fifty", FEW), ("large", many)):
        for first in range(1, rows + 1, 500_000):
            said = {"slug": slug, "rows": rows, "first": first}
            owner.execute(CALLS, said | {"last": min(first + 499_999, rows)})
    owner.execute("VACUUM ANALYZE projects_call")
    owner.execute("CREATE TABLE bench_usage AS SELECT now() AS at")


def _adding(owner: psycopg.Connection[Any], many: int) -> Iterator[Line]:
    """From nothing, and what a minute brings; others that run meanwhile are no part of it."""

    def cube() -> None:
        owner.execute(f"SELECT count(*) FROM ({SAME_CUBE}) cube").fetchone()

    whole, bare = in_turn(usage_roll, cube, rounds=1, before=lambda: owner.execute(AGAIN))
    owner.execute("VACUUM ANALYZE billing_usagefact, billing_usageday")
    yield Line(
        work="Adding up everything",
        size=f"{many:,} requests, {many / whole:,.0f} a second",
        seconds=whole,
        floor=bare,
        floor_is="one GROUP BY of the same, kept nowhere",
    )
    said = {"slug": "large", "rows": MINUTE, "first": 1, "last": MINUTE}
    minute = CALLS.replace(f"interval '{DAYS} days'", "interval '1 minute'")
    written, taken = in_turn(lambda: owner.execute(minute, said), usage_roll, rounds=9)
    yield Line(
        work="Adding up a minute",
        size=f"{MINUTE:,} requests beside {many:,}",
        seconds=taken,
        floor=written,
        floor_is="writing them, all at once",
    )


def _page(house: House, many: int) -> Iterator[Line]:
    for name, query in (
        ("Usage page", f"period={DAYS}"),
        ("Usage page of one key", f"period={DAYS}&by=model&model={MODEL}"),
    ):
        large = house.large.page("/o/large/usage/", query)
        few = house.fifty.page("/o/fifty/usage/", query)
        seconds, floor = side_by_side(large, few)
        yield Line(
            work=name,
            size=f"{many:,} requests in {DAYS} days",
            seconds=seconds,
            floor=floor,
            floor_is=f"the same page over {FEW:,} requests",
            limit=PAGE,
        )


def _exporting(scale: Scale, owner: psycopg.Connection[Any]) -> Iterator[Line]:
    exports = [_export(scale.large, form) for form in Form]
    came: dict[str, int] = {}

    def bare() -> None:
        day = exports[0].start
        with (
            bound(scale.large),
            connection.cursor() as cursor,
            cursor.copy(
                "COPY (SELECT * FROM projects_call WHERE organization_id = %s"
                " AND id >= uuid_floor(%s::timestamptz) AND at >= %s) TO STDOUT",
                [scale.large, day, day],
            ) as copy,
        ):
            came["bare"] = sum(1 for _ in copy)

    def file(export: Export) -> Callable[[], None]:
        def written() -> None:
            came[export.form] = sum(block.count(b"\n") for block in export_blocks(export))

        return written

    before = _memory()
    floor, *seconds = in_turn(bare, *map(file, exports), rounds=ROUNDS)
    grown = max(_memory() - before, 0) / 2**20
    for export, taken in zip(exports, seconds, strict=True):
        yield Line(
            work=f"Export of requests, {export.form.value}",
            size=f"{came[export.form]:,} lines, {grown:.0f} MiB of memory more at the end",
            seconds=taken,
            floor=floor,
            floor_is=f"COPY of the same {came['bare']:,} rows as they are",
            limit=FILE if export.form is Form.CSV else None,
        )


def _export(organization: UUID, form: Form) -> Export:
    today = today_here()
    with bound(organization):
        return Export(
            organization=organization,
            lines=Lines.REQUEST,
            form=form,
            start=today - datetime.timedelta(days=EXPORTED),
            end=today + datetime.timedelta(days=1),
            costs=True,
            names=names_of(organization),
        )


def _memory() -> int:
    return int(psutil.Process(os.getpid()).memory_info().rss)
