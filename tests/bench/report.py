"""docs/performance.md: the tables, and what stands around them."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import django
import psycopg

from tests.bench import floor
from tests.bench.seed import Scale
from tests.bench.timing import Line

HEAD = ("work", "size", "queries", "time", "processors", "floor", "ratio", "target", "met")


@dataclass(frozen=True, kw_only=True)
class Section:
    """One table: what it is about, what its floor means, and its lines."""

    title: str
    note: str
    lines: list[Line]


def document(
    scale: Scale, sections: Iterable[Section], owner: psycopg.Connection[Any], *, load: float
) -> str:
    sections = list(sections)
    lines = [line for section in sections for line in section.lines]
    promised = [line for line in lines if line.met is not None]
    missed = [line for line in promised if not line.met]
    parts = [
        "# Performance",
        "Written by `make bench`; not edited by hand.",
        _how_to_read(len(promised), missed),
        "## What was measured",
        _ground(scale, owner, load),
        *(_section(section) for section in sections),
    ]
    return "\n\n".join(parts) + "\n"


def _how_to_read(promised: int, missed: list[Line]) -> str:
    kept = f"{promised - len(missed)} of {promised} targets are met."
    if missed:
        kept += " Missed: " + "; ".join(f"{line.work} ({line.size})" for line in missed) + "."
    return (
        "A time says something about a machine and its minute; a ratio says something about the "
        "code. So every line stands beside a floor, taken in the same run in slices that "
        "alternate with the work itself: floor, work, floor, work. Times are medians. Each work "
        "runs a dozen times before the clock starts, because PostgreSQL may change its plan after "
        f"the fifth time.\n\n{kept}\n\n"
        "```\n"
        "make bench                              the whole run; the first one seeds for some minutes\n"
        "python -m tests.bench --small           a small database, printed and not written down\n"
        "python -m tests.bench --events 1000000  another length of the ledger\n"
        "python -m tests.bench --fresh           seed again, after a change of the tables\n"
        "python -m tests.bench --drop            remove the benchmarks' database\n"
        "```"
    )


def _ground(scale: Scale, owner: psycopg.Connection[Any], load: float) -> str:
    version, size, commit = owner.execute(
        "SELECT current_setting('server_version'), pg_size_pretty(pg_database_size(current_database())),"
        " current_setting('synchronous_commit')"
    ).fetchone() or ("", "", "")
    rows = owner.execute(
        "SELECT (SELECT count(*) FROM orgs_membership), (SELECT count(*) FROM orgs_group),"
        " (SELECT count(*) FROM orgs_groupmembership), (SELECT count(*) FROM live_grant)"
    ).fetchone() or (0, 0, 0, 0)
    return (
        f"- {scale.small:,} small organizations of eight to sixteen people, one of 50, and one of "
        f"{scale.members:,} people in {scale.groups:,} groups, five of which hold "
        f"{scale.members // 10:,}: {rows[0]:,} memberships, {rows[1]:,} groups and {rows[2]:,} "
        "places in them.\n"
        f"- {scale.projects:,} projects in {scale.workspaces:,} workspaces of the large organization, "
        f"two resources in each, ten projects in each small one; {rows[3]:,} grants in force. "
        "Everybody there has roles on about twelve projects and is in three groups; one person is "
        f"in 32 groups and has roles on {scale.projects // 10:,} projects.\n"
        "- 10,000 keys of projects of the large organization and ten in each other one, each with a "
        "budget and a rate that are out of reach; approved models and tasks in every organization.\n"
        f"- Ledgers of {scale.events:,} entries in the large organization, of {scale.short:,} in "
        "the one of 50 and of 20 in each small one. Seeded in bulk, with the bytes that the "
        "ledger itself would store, and chained: they verify.\n"
        f"- PostgreSQL {version}, synchronous_commit {commit}, {size}; Python "
        f"{platform.python_version()}, Django {django.__version__}, psycopg "
        f"{psycopg.__version__}; {os.cpu_count()} processors, load {load:.1f} at the start. "
        "One process, one connection of the web role from its pool, row security on, DEBUG off.\n"
        "- Pages are whole answers: every middleware, a signed-in session, "
        f"{floor.ROWS} rows. Queries are counted without BEGIN, SAVEPOINT and their ends."
    )


def _section(section: Section) -> str:
    # Two columns are only where something is in them.
    told = {
        "queries": any(line.queries is not None for line in section.lines),
        "processors": any(line.processors is not None for line in section.lines),
    }
    head = [name for name in HEAD if told.get(name, True)]
    table = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for line in section.lines:
        cells = {
            "work": line.work,
            "size": line.size,
            "queries": "" if line.queries is None else str(line.queries),
            "time": _speed(line, line.seconds),
            "processors": line.processors or "",
            "floor": f"{_speed(line, line.floor)}, {line.floor_is}",
            "ratio": _ratio(line.ratio if line.processors is None else line.share),
            "target": _target(line),
            "met": {None: "", True: "yes", False: "**no**"}[line.met],
        }
        table.append("| " + " | ".join(cells[name] for name in head) + " |")
    return "\n\n".join([f"## {section.title}", section.note, "\n".join(table)])


def _target(line: Line) -> str:
    said = []
    if line.limit is not None:
        said.append(f"≤ {line.limit:g} ×")
    if line.longest is not None:
        said.append(f"≤ {_time(line.longest)}")
    if line.most is not None:
        said.append(f"≤ {line.most} queries")
    if line.least is not None:
        said.append(f"≥ {line.least:g} ×")
    return ", ".join(said)


def _speed(line: Line, seconds: float) -> str:
    """What a server serves is told by its rate."""
    return _time(seconds) if line.processors is None else f"{1 / seconds:,.0f}/s"


def _time(seconds: float) -> str:
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f} ×" if ratio >= 0.1 else f"1/{1 / ratio:.0f}"
