"""What the chain costs a writer, against the same two rows without lock, hash and head."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from audit.events import Event
from audit.ledger import Actor, Entry, Target, record_many, texts
from audit.models import Outcome
from orgs.tenancy import bound
from tests.bench.database import BenchDatabase
from tests.bench.seed import ORGANIZATION, Scale, uuid_of
from tests.bench.timing import Line, in_turn, side_by_side

ALONE, MANY = 1.25, 1.5
WRITERS, EACH = 8, 10
AT_ONCE = 2_000
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
ADA = Actor("member", SOMEBODY, "Ada Adeyemi", "203.0.113.7", "Firefox", "0" * 32)
WRITE_MANY = """
    SELECT count(bench_append(
        %s, 'member', %s, 'member.role_changed', 'member', %s, 'done', facts::jsonb, words::jsonb))
    FROM unnest(%s::text[], %s::text[]) AS e (facts, words)
"""

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
        organization = next(self.turn)
        parameters = [organization, SOMEBODY, SOMEBODY_ELSE, FACTS, WORDS]
        with self.connection.transaction():
            self.cursor.execute(BIND, [organization], prepare=True)
            self.cursor.execute(self.statement, parameters, prepare=True)


def writing(scale: Scale, database: BenchDatabase) -> Iterator[Line]:
    numbers = range(1, scale.small + 1)
    chained, plain = (
        [uuid_of(kind, number) for number in numbers]
        for kind in (ORGANIZATION, UNCHAINED_ORGANIZATION)
    )
    many = f"{len(numbers):,} organizations"
    with database.as_owner() as owner, ThreadPoolExecutor(WRITERS) as pool:
        owner.execute(PLAIN)
        for size, shares, limit in (
            ("one organization", (chained[:1], plain[:1]), ALONE),
            (many, (chained, plain), MANY),
        ):
            # A head that was moved very often is found faster once its old versions are gone.
            owner.execute("VACUUM audit_head")
            yield _alone(database, size, *shares, limit=limit)
            owner.execute("VACUUM audit_head")
            crowded = f"{size}, {WRITERS} writers"
            yield _crowded(database, pool, crowded, *shares, limit=limit if size == many else None)
        yield _at_once(owner, chained[0], plain[0])


def _alone(
    database: BenchDatabase, size: str, chained: list[UUID], plain: list[UUID], *, limit: float
) -> Line:
    with database.as_web() as one, database.as_web() as other:
        works = Writer(one, "ledger_append", chained), Writer(other, "bench_append", plain)
        seconds, base = side_by_side(*(writer.deed for writer in works), seconds=5)
    return _line(size, seconds, base, limit=limit)


def _crowded(
    database: BenchDatabase,
    pool: ThreadPoolExecutor,
    size: str,
    chained: list[UUID],
    plain: list[UUID],
    *,
    limit: float | None,
) -> Line:
    with ExitStack() as connections:
        works = [
            _crowd(
                pool,
                [
                    Writer(connections.enter_context(database.as_web()), function, share)
                    for share in _shares(organizations)
                ],
            )
            for function, organizations in (("ledger_append", chained), ("bench_append", plain))
        ]
        seconds, base = side_by_side(*works, seconds=5)
    return _line(size, seconds / (WRITERS * EACH), base / (WRITERS * EACH), limit=limit)


def _at_once(owner: psycopg.Connection[Any], chained: UUID, plain: UUID) -> Line:
    """A transaction of many entries, as an import writes them, with what Python does for it."""
    entry = Entry(
        Event.MEMBER_ROLE_CHANGED,
        Target("member", SOMEBODY_ELSE, "Bela Bauer"),
        {"role": ("Member", "Admin")},
    )

    def chain() -> None:
        with bound(chained):
            record_many([entry] * AT_ONCE, organization=chained, actor=ADA)

    def write() -> None:
        said = [
            texts(
                entry.event,
                actor=ADA,
                target=entry.target,
                changes=entry.changes,
                reason="",
                outcome=Outcome.DONE,
            )
            for _ in range(AT_ONCE)
        ]
        with bound(plain), connection.cursor() as cursor:
            facts, words = zip(*said, strict=True)
            cursor.execute(WRITE_MANY, [plain, ADA.id, SOMEBODY_ELSE, list(facts), list(words)])

    seconds, base = in_turn(
        chain, write, rounds=9, before=lambda: owner.execute("VACUUM audit_head")
    )
    return _line(f"{AT_ONCE:,} in one transaction", seconds / AT_ONCE, base / AT_ONCE)


def _line(size: str, seconds: float, base: float, *, limit: float | None = None) -> Line:
    return Line(
        work="A ledger entry",
        size=size,
        seconds=seconds,
        floor=base,
        floor_is=UNCHAINED,
        limit=limit,
    )


def _crowd(pool: ThreadPoolExecutor, writers: list[Writer]) -> Callable[[], object]:
    """Several writers at the same time, each with a connection of its own."""

    def write(writer: Writer) -> None:
        for _ in range(EACH):
            writer.deed()

    return lambda: list(pool.map(write, writers))


def _shares(organizations: list[UUID]) -> list[list[UUID]]:
    """With many organizations each writer has its own; with one they meet there."""
    return [organizations[start::WRITERS] or organizations for start in range(WRITERS)]
