"""The log page of ten million entries beside that of ten thousand: first, deep, filtered, searched.

Two organizations of their own, written by the owner with the triggers off. Their hashes are not
right: nothing here reads them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from audit.models import Event
from audit.queries import EventFilter, Origin, event_list
from config import keyset
from orgs.models import Membership, Organization
from orgs.tenancy import bound
from tests.bench.seed import MEMBERSHIP, Scale, uuid_of
from tests.bench.timing import Line, side_by_side
from tests.bench.visitor import Visitor, applications, queries_of
from tests.factories import make_organization, make_person

DEEP, SHALLOW = 10_000_000, 10_000
PAGE, PAGES_DEEP = 50, 10_000
LIMIT = 1.5
BATCH = 200_000
LEDGER = ("audit_event", "audit_particulars", "audit_head", "audit_effect")

# Twenty people do three quarters of everything, five thousand the rest; what is rare is in some
# sixty entries of either log.
ENTRIES = """
WITH drawn AS (
    SELECT s AS sequence, now() - interval '2 years' + s * (interval '2 years' / %(of)s) AS at,
           CASE WHEN s %% 4 > 0 THEN bench_draw(s, 20) ELSE bench_draw(s, 5000) END AS actor,
           bench_draw(s + 7, 50000) AS target, bench_draw(s + 11, 1000) AS deed,
           CASE bench_draw(s + 13, 500) WHEN 0 THEN 'denied' WHEN 1 THEN 'failed' ELSE 'done' END
               AS outcome,
           CASE WHEN s %% (%(of)s / 60) = 7 THEN 'Zephyr' ELSE '' END AS reason,
           '203.0.' || bench_draw(s + 17, 40) || '.' || bench_draw(s + 19, 250) AS ip
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) s
    OFFSET 0
), told AS (
    SELECT *, bench_id(3, actor) AS actor_id, bench_id(3, target) AS target_id,
           bench_name(actor) AS actor_name, bench_name(target) AS target_name,
           CASE WHEN deed < 300 THEN 'session.started' WHEN deed < 450 THEN 'member.role_changed'
                WHEN deed < 700 THEN 'group.member_added' WHEN deed < 800 THEN 'group.member_removed'
                WHEN deed < 900 THEN 'invitation.sent' WHEN deed < 980 THEN 'audit.read'
                WHEN deed < 999 THEN 'member.removed' ELSE 'ownership.offered' END AS action
    FROM drawn OFFSET 0
), written AS (
    INSERT INTO audit_event (organization_id, sequence, at, actor_kind, actor_id, action,
                             target_kind, target_id, outcome, body, hash)
    SELECT %(organization)s, sequence, at, 'member', actor_id, action, 'member', target_id, outcome,
           '{"reason": "' || reason || '", "changes": {}, "request": "' || md5(sequence::text)
               || '"}',
           decode(md5(sequence::text), 'hex')
    FROM told
)
INSERT INTO audit_particulars (organization_id, sequence, salt, words, document)
SELECT %(organization)s, sequence, '',
       '{"actor": "' || actor_name || '", "target": "' || target_name || '", "ip": "' || ip
           || '", "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"}',
       array_to_tsvector(
           ARRAY['a' || action, 'n' || split_part(action, '.', 1), 'i' || ip,
                 'q' || md5(sequence::text), 'r' || log_id(actor_id), 't' || log_id(target_id)]
           || ARRAY(SELECT 'w' || word FROM unnest(string_to_array(lower(concat_ws(' ',
                  actor_name, target_name, translate(action, '._', '  '), nullif(reason, ''))),
                  ' ')) AS word)
           || CASE outcome WHEN 'done' THEN '{}'::text[] ELSE ARRAY['o' || outcome] END)
FROM told
"""


def depth(owner: psycopg.Connection[Any], scale: Scale) -> list[Line]:
    deep = DEEP if scale.events > DEEP // 10 else scale.events
    small, large = (_seeded(owner, slug, of) for slug, of in (("short", SHALLOW), ("deep", deep)))
    served, _ = applications()
    lines = []
    visitors = {log.slug: Visitor(served, _owner(log)) for log in (small, large)}
    first = visitors["short"].page("/o/short/audit-log/")
    for work, query in _asked(deep):
        page, same = (
            visitors[slug].page(f"/o/{slug}/audit-log/", query[slug]) for slug in ("deep", "short")
        )
        # A page of fewer entries is another page: then it stands beside the first one.
        is_same = _entries_on(page) <= _entries_on(same)
        seconds, base = side_by_side(page, same if is_same else first)
        lines.append(
            Line(
                work=f"Log page, {work}",
                size=f"{deep:,} entries",
                seconds=seconds,
                floor=base,
                floor_is=f"{'the same' if is_same else 'the first page'} at {SHALLOW:,}",
                limit=LIMIT,
                queries=queries_of(page),
            )
        )
    return [*lines, *_rows_alone(small, large, deep)]


def _rows_alone(small: Organization, large: Organization, deep: int) -> Iterator[Line]:
    """The same without HTTP and templates, which hide what a search does. Nothing is promised."""
    for work, filters in (
        ("a common word", EventFilter(text="changed")),
        ("a word never said", EventFilter(text="zzyzx")),
        ("an address", EventFilter(origin=Origin("203.0.7.11"))),
        ("actor and action", EventFilter(actor=_id(3), action="member.removed")),
    ):
        seconds, base = side_by_side(
            partial(_read, large.pk, filters), partial(_read, small.pk, filters)
        )
        yield Line(
            work=f"The rows of a log page, {work}",
            size=f"{deep:,} entries",
            seconds=seconds,
            floor=base,
            floor_is=f"the same at {SHALLOW:,}",
        )


def _read(organization: UUID, filters: EventFilter) -> None:
    with bound(organization):
        event_list(organization=organization, filters=filters)


def _asked(deep: int) -> list[tuple[str, dict[str, str]]]:
    """Each work with the query of either log; the small one has no page 10,000, so its last."""
    busy, seldom = _id(3), _id(4321)
    place = _cursor(max(deep - PAGE * PAGES_DEEP, PAGE + 1))
    last = _cursor(PAGE + 1)

    def both(query: str) -> dict[str, str]:
        return {"deep": query, "short": query}

    def far(query: str) -> dict[str, str]:
        return {"deep": f"{query}&page={place}", "short": f"{query}&page={last}"}

    return [
        ("first", both("")),
        ("page 10,000", {"deep": f"page={place}", "short": f"page={last}"}),
        ("one busy actor", both(f"actor={busy}")),
        ("one actor who is seldom here", both(f"actor={seldom}")),
        ("one action", both("action=member.role_changed")),
        ("one area", both("area=member")),
        ("denied", both("outcome=denied")),
        ("done", both("outcome=done")),
        ("a common word", both("q=changed")),
        ("a common word, page 10,000", {**far("q=changed"), "short": "q=changed"}),
        ("a word seldom said", both("q=zephyr")),
        ("a word never said", both("q=zzyzx")),
        ("two words, a common one and a rare one", both("q=member+zephyr")),
        ("a name", both("q=nadia+weber")),
        ("an address", both("ip=203.0.7.11")),
        ("the beginning of an address", both("ip=203.0.7.")),
        ("actor and action", both(f"actor={busy}&action=member.removed")),
        ("actor, area, denied", both(f"actor={busy}&area=group&outcome=denied")),
        ("a word, an area and an outcome", both("q=zephyr&area=group&outcome=done")),
    ]


def _seeded(owner: psycopg.Connection[Any], slug: str, of: int) -> Organization:
    """The organization with a log of this length, made again when it has another one."""
    found = owner.execute(
        "SELECT o.id, h.sequence FROM orgs_organization o LEFT JOIN audit_head h"
        " ON h.organization_id = o.id WHERE o.slug = %s",
        [slug],
    ).fetchone()
    if found is None:
        make_organization(make_person(f"Owner of {slug}"), slug.capitalize(), slug)
        found = owner.execute(
            "SELECT id, 0 FROM orgs_organization WHERE slug = %s", [slug]
        ).fetchone()
    assert found is not None
    organization, length = found
    if not of <= length < of + 1_000:
        _write(owner, organization, of)
    with bound(organization):
        return Organization.objects.get(pk=organization)


def _write(owner: psycopg.Connection[Any], organization: UUID, of: int) -> None:
    started = time.monotonic()
    for setting, value in (("synchronous_commit", "off"), ("maintenance_work_mem", "1GB")):
        owner.execute("SELECT set_config(%s, %s, false)", [setting, value])
    _triggers(owner, "DISABLE")
    for table in LEDGER:
        if table != "audit_head":
            owner.execute(
                sql.SQL("DELETE FROM {} WHERE organization_id = %s").format(sql.Identifier(table)),
                [organization],
            )
    indexes = owner.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY (%s)"
        " AND (indexname LIKE 'event%%' OR indexname = 'log_search')",
        [list(LEDGER)],
    ).fetchall()
    if of > BATCH:
        for name, _ in indexes:
            owner.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    for first in range(1, of + 1, BATCH):
        _tell(f"The log of {of:,}: {first - 1:,}")
        last = min(of, first + BATCH - 1)
        owner.execute(
            ENTRIES, {"organization": organization, "of": of, "first": first, "last": last}
        )
    owner.execute(
        "UPDATE audit_head SET sequence = %s, at = now() WHERE organization_id = %s",
        [of, organization],
    )
    if of > BATCH:
        for name, definition in indexes:
            _tell(f"Index {name}")
            owner.execute(definition)
        owner.execute("ALTER INDEX log_search ALTER COLUMN 1 SET STATISTICS 0")
    _triggers(owner, "ENABLE")
    _tell("Analyzing")
    owner.execute("VACUUM (ANALYZE) audit_event, audit_particulars, audit_head")
    for setting in ("synchronous_commit", "maintenance_work_mem"):
        owner.execute(sql.SQL("RESET {}").format(sql.Identifier(setting)))
    _tell(f"A log of {of:,} entries in {time.monotonic() - started:.0f} s\n")


def _entries_on(page: Callable[[], bytes]) -> int:
    return page().count(b'class="entry"')


def _triggers(owner: psycopg.Connection[Any], word: str) -> None:
    for table in LEDGER:
        owner.execute(
            sql.SQL("ALTER TABLE {} " + word + " TRIGGER USER").format(sql.Identifier(table))
        )


def _owner(organization: Organization) -> Any:
    with bound(organization.pk):
        found = Membership.objects.in_org(organization.pk).filter(origin="founded")
        return found.select_related("person").get().person


def _id(number: int) -> UUID:
    return uuid_of(MEMBERSHIP, number)


def _cursor(sequence: int) -> str:
    return keyset._cursor(">", ["sequence"], [Event(sequence=sequence)]) or ""


def _tell(text: str) -> None:
    sys.stderr.write(f"\r\x1b[2K{text}")
    sys.stderr.flush()
