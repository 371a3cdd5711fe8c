"""The measurements in their order, each table with the meaning of its floor."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator

import psycopg
from django.conf import settings
from django.test import override_settings

from tests.bench import (
    decisions,
    depth,
    floor,
    grants,
    interface,
    ledger,
    others,
    pages,
    roster,
    seed,
    usage,
    verifying,
    writers,
)
from tests.bench.database import BenchDatabase
from tests.bench.report import Section, document
from tests.bench.seed import Scale
from tests.bench.timing import Line

Measure = Callable[[], list[Line]]

MEMBERS = (
    f"The floor of the first line is {floor.BARE_PAGE}: {floor.BARE_PAGE_MEANS} The floor of the "
    "others is the first line's page, with as many rows on it."
)
LOG = (
    "The first line stands beside the bare view as well, the others beside the first line's page. "
    "Reading the rows is measured again without HTTP and templates, which would hide a slow query."
)
DEPTH = (
    "Two organizations of their own. The floor is the same page of the small log, or its first page "
    "where the small log has fewer entries to show. A search walks two thousand entries from its "
    "place, then asks the index stretch by stretch, and stops at a bound."
)
DECISIONS = (
    f"The floor is {floor.PREPARED}: {floor.PREPARED_MEANS} People and organizations change from "
    "call to call."
)
LISTS = (
    "The statement of a page of 50, prepared, with everything that its rows show; and the same with "
    "the rows made in Python. The floor is that of the decisions."
)
CHANGES = (
    "The floor of the first three is a transaction that changes one row of a bare table. The row "
    "alone is changed by the owner, with the trigger off that insists on an entry in the ledger; "
    "the others are whole."
)
OTHERS = (
    "The same data, asked as the owner of the tables, so row security costs nothing here. Guardian "
    "has a row for each grant, in the direct-key tables that Bailiwick uses and in tables of its "
    "generic shape; it is told the groups of a user by a table made for this run. Nobody else is "
    "asked about ends or workspaces. The floor is that of the decisions."
)
PROOF = (
    "`verify_ledger.py` in a process of its own, with all processors: it parses each entry and "
    "computes its hash, that of its words and of its effects. The database’s own check does so in "
    "one connection, 50,000 entries at a time."
)
LEDGER = (
    "The floor writes the same two rows into the same tables, with everything but the chain: no "
    "head, no lock, no hash. Each entry is a transaction of its own, bound and committed, unless "
    "the line says otherwise; the time is that of one entry. The last lines are whole transactions "
    "of eight connections that `pgbench` drives, beside its own built-in ones in the same minutes."
)
INTERFACE = (
    "Whole requests to `manage.py serve` with one process, durable, over "
    f"{interface.CONNECTIONS} kept connections of another process; the kinds take turns, and each "
    'line is the median of its turns. The floor is a view that says `{"decision": true}` and '
    "nothing else, by the same short way through the same middleware; the last lines stand beside "
    "the same view behind all of the console’s middleware. Three statements are what is "
    "often written instead: find, count and log, by Django’s cursor in a transaction, on tables "
    "without walls and partitions. Beside each rate is the processor time of one request, the "
    "server’s and the database’s. More is better."
)
ROSTER = (
    "The command as typed: reading and checking the file, the plan, every change with its own "
    "entry in the chain, one commit. The floor copies the rows that came of it into empty tables "
    "with the same indexes, by binary COPY in one transaction."
)
USAGE = (
    "Pages read sums by day, so that they cost what there is of days, keys and models, however "
    "many requests there were; the floor is the same page of an organization with a thousandth of "
    "them. The database writes the lines of an export, with names, in a form that is safe to open; "
    "the floor is COPY of the bare rows, read in the same way."
)


def _beside() -> str:
    absent = others.missing()
    skipped = f" Not installed here, and so skipped: {', '.join(absent)}." if absent else ""
    return OTHERS + skipped


def run(database: BenchDatabase, scale: Scale, *, only: str) -> str:
    """The whole document, or the sections whose title has this word."""
    load = os.getloadavg()[0]
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with (
        override_settings(
            ROOT_URLCONF="tests.bench.floor",
            STATIC_ROOT=settings.BASE_DIR / "static",
            STORAGES=settings.STORAGES | {"staticfiles": static},
        ),
        database.as_owner() as owner,
    ):
        sections = list(_sections(database, scale, owner, only.lower()))
        return document(scale, sections, owner, load=load)


def _sections(
    database: BenchDatabase, scale: Scale, owner: psycopg.Connection[tuple], only: str
) -> Iterator[Section]:
    house = pages.house(scale)
    for title, note, measures in (
        ("Members", MEMBERS, [lambda: pages.members(house), lambda: pages.groups(house)]),
        ("The audit log", LOG, [lambda: pages.log(house), lambda: pages.log_reads(house)]),
        ("Log page at depth", DEPTH, [lambda: depth.depth(owner, scale)]),
        (
            "Decisions",
            DECISIONS,
            [lambda: decisions.decisions(scale, owner), lambda: grants.decisions(scale, owner)],
        ),
        ("Lists", LISTS, [lambda: grants.lists(scale, owner)]),
        ("Changing access", CHANGES, [lambda: grants.changes(scale, database, owner)]),
        (
            "Writing the ledger",
            LEDGER,
            [
                lambda: list(ledger.writing(scale, database)),
                lambda: list(writers.writers(scale, database)),
            ],
        ),
        ("Proving the ledger", PROOF, [lambda: list(verifying.verifying(owner))]),
        ("Interface", INTERFACE, [lambda: interface.interface(scale, database, owner)]),
        ("Usage", USAGE, [lambda: usage.usage(scale, house, owner)]),
        ("Import", ROSTER, [lambda: roster.roster_import(owner)]),
        # Last: it gives the users of this process the groups that guardian asks for.
        ("Beside other libraries", _beside(), [lambda: others.others(scale, owner)]),
    ):
        if only in title.lower():
            seed.refresh(owner)
            yield Section(title=title, note=note, lines=_measured(title, measures))


def _measured(title: str, measures: list[Measure]) -> list[Line]:
    started = time.monotonic()
    lines = [line for measure in measures for line in measure()]
    sys.stderr.write(f"{title}: {time.monotonic() - started:.0f} s\n")
    return lines
