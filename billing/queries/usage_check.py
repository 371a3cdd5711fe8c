"""Does usage as added up equal the request log? Counted again from the log, row by row.

As the owner of the tables, across organizations: for the operator's command and for tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import connections, transaction

OWNER = "owner"
MEASURES = ("calls", "refused", "tokens_in", "tokens_out", "cost")


@dataclass(frozen=True, slots=True)
class Compared:
    """One dimension: how many of its lines, a day each, differ; and both totals."""

    dimension: str
    lines: int
    differing: int
    log: tuple[int, ...]
    sums: tuple[int, ...]


# Told otherwise than in `usage_add`, on purpose: what is wrong there should not be wrong here.
_LOG = """
    CREATE TEMPORARY TABLE usage_log ON COMMIT DROP AS
    SELECT organization_id, day, project_id, group_id, person_id, key_id, model, task,
           sum(calls)::bigint AS calls, sum(refused)::bigint AS refused,
           sum(tokens_in)::bigint AS tokens_in, sum(tokens_out)::bigint AS tokens_out,
           sum(cost)::bigint AS cost
    FROM (
        SELECT organization_id, (at AT TIME ZONE m.zone)::date AS day, project_id,
               cost_centre_id AS group_id, creator_id AS person_id, key_id, model, task,
               CASE endpoint WHEN '/v1/keys/verify' THEN 1 ELSE 0 END AS calls,
               CASE WHEN allowed THEN 0 WHEN endpoint = '/v1/keys/verify' THEN 1 ELSE 0 END
                   AS refused,
               cost, tokens.*
        FROM projects_call CROSS JOIN billing_usagemark m CROSS JOIN LATERAL (
            SELECT coalesce(sum(amount) FILTER (WHERE NOT is_out), 0) AS tokens_in,
                   coalesce(sum(amount) FILTER (WHERE is_out), 0) AS tokens_out
            FROM (SELECT round(value::numeric) AS amount,
                         key LIKE '%%output%%' OR key LIKE '%%completion%%'
                         OR key LIKE '%%reasoning%%' AS is_out
                  FROM jsonb_each_text(CASE endpoint WHEN '/v1/usage' THEN units END)
                  WHERE position('token' IN key) > 0) AS unit
        ) AS tokens
        WHERE xid < m.counted AND (%(org)s::uuid IS NULL OR organization_id = %(org)s)
    ) AS requests
    WHERE day >= %(first)s
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""
# The days that the log still holds whole; before them there is nothing to compare with.
_FIRST = """
    SELECT ((min(to_date(right(p.relname, 6), 'YYYYMM')::timestamp AT TIME ZONE 'UTC')
             + interval '1 hour') AT TIME ZONE coalesce(nullif(m.zone, ''), 'UTC'))::date + 1
    FROM billing_usagemark m, pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
    WHERE i.inhparent = 'projects_call'::regclass AND p.relname ~ '^projects_call_[0-9]{6}$'
    GROUP BY m.zone
"""
_SUMS = ", ".join(f"coalesce(sum({{0}}.{name}), 0)::bigint" for name in MEASURES)
_DIFFER = " OR ".join(f"l.{name} IS DISTINCT FROM s.{name}" for name in MEASURES)
_COMPARE = f"""
    SELECT count(*), count(*) FILTER (WHERE {_DIFFER}), {_SUMS.format("l")}, {_SUMS.format("s")}
    FROM ({{log}}) l FULL JOIN ({{sums}}) s ON {{same}}
"""  # noqa: S608  only our own words are put in
_CUBE = ("project_id", "group_id", "person_id", "key_id", "model", "task")
_SUBJECTS = {
    "total": "''",
    **{name: f"coalesce({name}_id::text, '')" for name in ("project", "group", "person", "key")},
    "model": "model",
    "task": "task",
}


def usage_compared(organization: UUID | None = None) -> list[Compared]:
    """The cube and each dimension, of one organization or of all of them."""
    with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute(_FIRST)
        said = {"first": cursor.fetchone()[0], "org": organization}
        cursor.execute(_LOG, said)
        found = []
        for name, statement in _statements():
            cursor.execute(statement, said)
            lines, differing, *totals = cursor.fetchone()
            half = len(MEASURES)
            found.append(
                Compared(name, lines, differing, tuple(totals[:half]), tuple(totals[half:]))
            )
        return found


def _statements() -> list[tuple[str, str]]:
    within = "day >= %(first)s AND (%(org)s::uuid IS NULL OR organization_id = %(org)s)"
    # No join is made of IS NOT DISTINCT FROM; an array holds what is null as well.
    whole, named = "jsonb_build_array({})", ("organization_id", "day", *_CUBE)
    log, sums = (whole.format(", ".join(f"{side}.{name}" for name in named)) for side in "ls")
    same = f"{log} = {sums}"
    sums = f"SELECT * FROM billing_usagefact WHERE {within}"  # noqa: S608  as above
    made = [("cube", _COMPARE.format(log="SELECT * FROM usage_log", sums=sums, same=same))]
    measures = ", ".join(f"sum({name})::bigint AS {name}" for name in MEASURES)
    for name, subject in _SUBJECTS.items():
        log = (
            f"SELECT organization_id, day, {subject} AS subject, {measures}"  # noqa: S608  as above
            " FROM usage_log GROUP BY 1, 2, 3"
        )
        sums = f"SELECT * FROM billing_usageday WHERE dimension = '{name}' AND {within}"  # noqa: S608
        same = "(l.organization_id, l.day, l.subject) = (s.organization_id, s.day, s.subject)"
        made.append((name, _COMPARE.format(log=log, sums=sums, same=same)))
    return made
