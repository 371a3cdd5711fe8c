"""What the chain costs a writer, against the same two rows without lock, hash and head."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

import psycopg

from tests.bench.database import BenchDatabase
from tests.bench.seed import ORGANIZATION, Scale, uuid_of
from tests.bench.timing import Line, Work, side_by_side

ALONE, MANY = 1.25, 1.5
WRITERS, EACH = 4, 10
AT_ONCE = 100
UNCHAINED_ORGANIZATION = 9
UNCHAINED = "the same two rows, unchained"

BIND = "SELECT bind_organization(%s)"
APPEND = (
    "SELECT {}(%s, 'member', %s, 'member.role_changed', 'member', %s, 'done', %s::jsonb, %s::jsonb)"
)
FACTS = json.dumps({"reason": "", "request": "0" * 32, "changes": {"role": ["Member", "Admin"]}})
WORDS = json.dumps(
    {
        "actor": "Ada Adeyemi",
        "target": "Bela Bauer",
        "ip": "203.0.113.7",
        "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "changes": {},
    }
)
SOMEBODY, SOMEBODY_ELSE = UUID(int=1), UUID(int=2)

# As long as what `ledger_append` stores, in the same tables and indexes, numbered by a sequence.
PLAIN = """
CREATE SEQUENCE IF NOT EXISTS bench_numbers;
CREATE OR REPLACE FUNCTION bench_append(
    p_organization uuid, p_actor_kind text, p_actor_id uuid, p_action text,
    p_target_kind text, p_target_id uuid, p_outcome text, p_facts jsonb, p_words jsonb
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    v_sequence bigint := nextval('public.bench_numbers');
    v_at timestamptz := clock_timestamp();
BEGIN
    INSERT INTO public.audit_event (
        organization_id, sequence, at, actor_kind, actor_id, action,
        target_kind, target_id, outcome, body, hash
    ) VALUES (
        p_organization, v_sequence, v_at, p_actor_kind, p_actor_id, p_action, p_target_kind,
        p_target_id, p_outcome,
        (p_facts || jsonb_build_object(
            'organization', p_organization,
            'sequence', v_sequence,
            'at', to_char(v_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'actor', jsonb_build_array(p_actor_kind, p_actor_id),
            'action', p_action,
            'target', jsonb_build_array(p_target_kind, p_target_id),
            'outcome', p_outcome,
            'particulars', repeat('0', 64)
        ))::text,
        decode(repeat('00', 32), 'hex')
    );
    INSERT INTO public.audit_particulars (organization_id, sequence, salt, words)
    VALUES (p_organization, v_sequence, uuid_send(gen_random_uuid()), p_words::text);
    RETURN v_sequence;
END $$;
"""


class Writer:
    """One connection of the web role that writes entries of these organizations in turn."""

    def __init__(
        self, connection: psycopg.Connection[Any], function: str, organizations: Sequence[UUID]
    ) -> None:
        self.connection = connection
        self.cursor = psycopg.Cursor(connection)
        self.statement = APPEND.format(function)
        self.turn = itertools.cycle(organizations)

    def deed(self) -> None:
        """A transaction of one entry, until it is on the disk."""
        with self.connection.transaction():
            self._append(1)

    def many(self) -> None:
        """A transaction of many entries, as an import writes them. Not kept."""
        with self.connection.transaction(force_rollback=True):
            self._append(AT_ONCE)

    def _append(self, count: int) -> None:
        organization = next(self.turn)
        self.cursor.execute(BIND, [organization], prepare=True)
        for _ in range(count):
            parameters = [organization, SOMEBODY, SOMEBODY_ELSE, FACTS, WORDS]
            self.cursor.execute(self.statement, parameters, prepare=True)


def writing(scale: Scale, database: BenchDatabase) -> list[Line]:
    with database.as_owner() as owner:
        owner.execute(PLAIN)
    numbers = range(1, scale.small + 1)
    chained, plain = (
        [uuid_of(kind, number) for number in numbers]
        for kind in (ORGANIZATION, UNCHAINED_ORGANIZATION)
    )
    with database.as_web() as one, database.as_web() as other, ThreadPoolExecutor(WRITERS) as pool:
        alone = Writer(one, "ledger_append", chained[:1]), Writer(other, "bench_append", plain[:1])
        over = Writer(one, "ledger_append", chained), Writer(other, "bench_append", plain)
        crowd = partial(_crowd, database, pool)
        return [
            _line("one organization", [writer.deed for writer in alone], limit=ALONE),
            _line(f"{len(numbers):,} organizations", [writer.deed for writer in over], limit=MANY),
            _line(
                f"{len(numbers):,} organizations, {WRITERS} writers",
                [crowd("ledger_append", chained), crowd("bench_append", plain)],
                entries=WRITERS * EACH,
                limit=MANY,
            ),
            _line(
                f"one organization, {WRITERS} writers",
                [crowd("ledger_append", chained[:1]), crowd("bench_append", plain[:1])],
                entries=WRITERS * EACH,
            ),
            _line(
                f"{AT_ONCE} in one transaction", [writer.many for writer in alone], entries=AT_ONCE
            ),
        ]


def _line(
    size: str, works: Sequence[Work], *, entries: int = 1, limit: float | None = None
) -> Line:
    seconds, base = side_by_side(*works, seconds=3)
    return Line(
        work="A ledger entry",
        size=size,
        seconds=seconds / entries,
        floor=base / entries,
        floor_is=UNCHAINED,
        limit=limit,
    )


def _crowd(
    database: BenchDatabase, pool: ThreadPoolExecutor, function: str, organizations: list[UUID]
) -> Callable[[], object]:
    """Several writers at the same time; with many organizations each has its own share."""
    shares = [organizations[start::WRITERS] or organizations for start in range(WRITERS)]
    writers = [Writer(database.as_web(), function, share) for share in shares]

    def write(writer: Writer) -> None:
        for _ in range(EACH):
            writer.deed()

    return lambda: list(pool.map(write, writers))
