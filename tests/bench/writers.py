"""Eight writers at once, until it is on the disk: `pgbench` drives them, and is its own floor."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured

from config import embedded
from tests.bench.database import BenchDatabase
from tests.bench.ledger import FACTS, SOMEBODY, WORDS
from tests.bench.seed import ORGANIZATION, Scale, uuid_of
from tests.bench.timing import Line

WRITERS, SECONDS, ROUNDS = 8, 4, 3
SMALLEST_CROWD = 8
FLOOR = "pgbench’s own simple-update, {clients} at once"
# Writers of many organizations share the journal's way to the disk, as those of pgbench do. Writers
# of one follow one another, each from its entry to its commit, so their floor is a single client:
# 400 a second, where that one makes 1,000.
LIMIT_ONE = 2.5

DEED = """
\\set number random(1, {members})
BEGIN;
SELECT bind_organization('{organization}');
UPDATE orgs_membership SET role = CASE role WHEN 'member' THEN 'viewer' ELSE 'member' END
WHERE organization_id = '{organization}' AND id = ('{{{ids}}}'::uuid[])[:number];
SELECT ledger_append('{organization}', 'member', '{somebody}', 'member.role_changed', 'member',
                     ('{{{ids}}}'::uuid[])[:number], 'done', '{facts}', '{words}');
COMMIT;
"""
ENTRY = """
\\set number random(1, {organizations})
SELECT ('{{{ids}}}'::uuid[])[:number] AS organization \\gset
BEGIN;
SELECT bind_organization(:organization);
SELECT ledger_append(:organization, 'member', '{somebody}', 'member.role_changed', 'member',
                     '{somebody}', 'done', '{facts}', '{words}');
COMMIT;
"""


def writers(scale: Scale, database: BenchDatabase) -> Iterator[Line]:
    program = _program()
    if program is None:
        return
    with database.as_owner() as owner, tempfile.TemporaryDirectory() as folder:
        row = owner.execute(
            "SELECT organization_id, array_agg(id) FROM orgs_membership"
            " WHERE role IN ('member', 'viewer') AND organization_id <> ALL (%s)"
            " GROUP BY 1 HAVING count(*) >= %s LIMIT 1",
            [[scale.large, scale.fifty], SMALLEST_CROWD],
        ).fetchone()
        subprocess.run(
            [program, "-i", "-q", "-s", f"{WRITERS}", database.owner],
            check=True,
            capture_output=True,
        )
        works = {
            "an entry, many organizations": _entries(
                [uuid_of(ORGANIZATION, number) for number in range(1, scale.small + 1)]
            ),
            "an entry, one organization": _entries([uuid_of(ORGANIZATION, 1)]),
        }
        if row is not None:
            works["a role changed, one organization"] = _deeds(*row)
        for work, script in works.items():
            written = Path(folder, "script.sql")
            written.write_text(script)
            clients = WRITERS if "many" in work else 1
            rates, floors = [], []
            for _ in range(ROUNDS):
                owner.execute("VACUUM audit_head")
                floors.append(
                    _rate(program, "-b", "simple-update", database.owner, clients=clients)
                )
                rates.append(_rate(program, "-f", str(written), database.web, clients=WRITERS))
            yield Line(
                work=f"{WRITERS} writers, {work}",
                size=f"{median(rates):,.0f} a second, {WRITERS} connections",
                seconds=1 / median(rates),
                floor=1 / median(floors),
                floor_is=FLOOR.format(clients=clients),
                limit=None if "many" in work else LIMIT_ONE,
            )


def _entries(organizations: Sequence[UUID]) -> str:
    return ENTRY.format(
        organizations=len(organizations),
        ids=",".join(map(str, organizations)),
        somebody=SOMEBODY,
        facts=FACTS,
        words=WORDS,
    )


def _deeds(organization: UUID, members: Sequence[UUID]) -> str:
    return DEED.format(
        members=len(members),
        ids=",".join(map(str, members)),
        organization=organization,
        somebody=SOMEBODY,
        facts=FACTS,
        words=WORDS,
    )


def _rate(program: str, *arguments: str, clients: int) -> float:
    """Transactions a second, each committed to the disk."""
    options = [
        "-n",
        "-c",
        f"{clients}",
        "-j",
        f"{min(clients, 2)}",
        "-T",
        f"{SECONDS}",
        "-M",
        "extended",
    ]
    done = subprocess.run([program, *options, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    assert found, done.stdout
    return float(found[1])


def _program() -> str | None:
    try:
        return str(embedded._binaries() / "pgbench")
    except ImproperlyConfigured:
        return shutil.which("pgbench")
