"""Adding up again: another time zone, a restored log, and what the log no longer holds."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command

from billing.actions.rollup import ForeignLogError, usage_rebuild, usage_roll
from billing.models import UsageDay
from billing.queries.rollup import counted
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.usage.logged import compared, log, mark, number, organization, owner, roll_past

UTC = datetime.UTC
pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def acme(committed: None) -> Iterator[Organization]:
    yield organization()
    usage_rebuild()


@pytest.fixture
def writer(committed: None) -> Iterator[psycopg.Connection[Any]]:
    with owner() as connected:
        yield connected


def days(acme: Organization) -> dict[datetime.date, int]:
    with bound(acme.pk):
        rows = UsageDay.objects.in_org(acme).filter(dimension="total")
        return dict(rows.values_list("day", "calls"))


def late(hours: float = 23.5) -> datetime.datetime:
    """Late in the evening of a day of this month or the last."""
    day = datetime.datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - datetime.timedelta(days=3) + datetime.timedelta(hours=hours)


def test_days_of_another_zone_are_said_and_then_counted(
    acme: Organization, writer: psycopg.Connection[Any], settings: Any
) -> None:
    log(writer, acme, at=late())
    roll_past(number(writer))
    assert days(acme) == {late().date(): 1}
    settings.TIME_ZONE = "Asia/Kolkata"
    assert counted().state == "zone"
    assert counted().is_to_be_rebuilt
    # Until then the days stay those of the former zone, all of them.
    log(writer, acme, at=late())
    roll_past(number(writer))
    assert days(acme) == {late().date(): 2}
    usage_rebuild()
    assert counted().state == "ok"
    assert days(acme) == {late().date() + datetime.timedelta(days=1): 2}
    assert {one.differing for one in compared(acme).values()} == {0}
    settings.TIME_ZONE = "UTC"


def test_a_restored_log_is_noticed_and_counted_once(
    acme: Organization, writer: psycopg.Connection[Any]
) -> None:
    """Its rows carry the numbers of another cluster: below, among and above those given here."""
    for xid in (3, mark() - 1, mark() + 5_000_000_000):
        log(writer, acme, cost=1)
        writer.execute(
            "UPDATE projects_call SET xid = %s WHERE organization_id = %s AND xid ="
            " (SELECT max(xid) FROM projects_call WHERE organization_id = %s)"
            " AND cost = 1",
            [xid, acme.pk, acme.pk],
        )
        writer.execute("UPDATE projects_call SET cost = 2 WHERE organization_id = %s", [acme.pk])
    writer.execute("UPDATE billing_usagemark SET cluster = cluster - 1, counted = counted + 7")
    before = mark()
    log(writer, acme, cost=2)
    with pytest.raises(ForeignLogError, match="usage rebuild"):
        usage_roll()
    assert mark() == before
    assert counted().state == "foreign"
    usage_rebuild()
    roll_past(number(writer))
    assert days(acme) == {datetime.datetime.now(UTC).date(): 4}
    assert compared(acme)["cube"].differing == 0


def test_a_mark_beyond_every_transaction_is_one_of_another_cluster(
    acme: Organization, writer: psycopg.Connection[Any]
) -> None:
    """As where the copy of a database came back without what belongs to it."""
    writer.execute("UPDATE billing_usagemark SET counted = counted + 5000000000")
    with pytest.raises(ForeignLogError):
        usage_roll()
    with pytest.raises(CommandError, match="rebuild"):
        call_command("usage", "roll")


def test_what_the_log_no_longer_holds_keeps_its_sums(
    acme: Organization, writer: psycopg.Connection[Any], settings: Any
) -> None:
    """A month that is dropped: its days stay, also where the rest is counted again (S1-035)."""
    long_ago = datetime.datetime(2001, 5, 15, 12, tzinfo=UTC)
    writer.execute("SELECT call_partitions('2001-05-01', '2001-05-01')")
    log(writer, acme, at=long_ago)
    log(writer, acme)
    roll_past(number(writer))
    expected = {long_ago.date(): 1, datetime.datetime.now(UTC).date(): 1}
    assert days(acme) == expected
    assert compared(acme)["total"].log[0] == 2
    writer.execute("SELECT call_partitions_drop(13)")
    usage_roll()
    assert days(acme) == expected
    assert compared(acme)["total"].log[0] == 1
    assert {one.differing for one in compared(acme).values()} == {0}
    usage_rebuild()
    assert days(acme) == expected
    assert {one.differing for one in compared(acme).values()} == {0}


def test_a_long_stretch_is_taken_in_parts(
    acme: Organization, writer: psycopg.Connection[Any]
) -> None:
    """All of one transaction, as the rows of a migration or an import are."""
    with writer.transaction():
        for n in range(300):
            at = late() - datetime.timedelta(days=n % 5, seconds=n)
            log(writer, acme, at=at, model=f"m{n % 3}")
        after = number(writer)
    parts = []
    while mark() <= after:
        usage_roll(most=40, said=parts.append)
    assert sum(part.rows for part in parts) >= 300
    assert [part.state for part in parts].count("more") > 5
    assert max(part.rows for part in parts if part.state == "more") <= 60
    assert sum(days(acme).values()) == 300
    assert {one.differing for one in compared(acme).values()} == {0}


def test_a_rebuild_that_fails_leaves_what_was_there(
    acme: Organization, writer: psycopg.Connection[Any]
) -> None:
    log(writer, acme)
    roll_past(number(writer))
    before = days(acme)

    def fail(batch: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        usage_rebuild(said=fail)
    assert days(acme) == before
    assert {one.differing for one in compared(acme).values()} == {0}


def test_the_command_checks_and_says_where_it_differs(
    acme: Organization, writer: psycopg.Connection[Any]
) -> None:
    log(writer, acme, model="m", cost=5)
    roll_past(number(writer))
    said = StringIO()
    call_command("usage", "check", "--org", acme.slug, stdout=said)
    assert "All lines are equal" in said.getvalue()
    writer.execute(
        "UPDATE billing_usageday SET cost = 6 WHERE organization_id = %s AND dimension = 'model'",
        [acme.pk],
    )
    with pytest.raises(SystemExit) as ended:
        call_command("usage", "check", "--org", acme.slug, stdout=said, stderr=StringIO())
    assert ended.value.code == 1
    assert "cost 5 but 6" in said.getvalue()
    call_command("usage", "rebuild", stdout=said)
    call_command("usage", "check", stdout=said)


@pytest.mark.parametrize(("by", "lines"), [("day", 2), ("request", 3)])
def test_the_command_writes_a_file(
    acme: Organization, writer: psycopg.Connection[Any], tmp_path: Path, by: str, lines: int
) -> None:
    for model in ("m", "m", "n"):
        log(writer, acme, model=model)
    roll_past(number(writer))
    file = tmp_path / "usage.jsonl"
    said = ("usage", "export", "--org", acme.slug, "--by", by, "--format", "jsonl")
    call_command(*said, "--output", str(file))
    head, *_, end = map(json.loads, file.read_text().splitlines())
    assert head["schema"] == f"bailiwick.usage.{by}/1"
    assert end["lines"] == lines
    assert len(file.read_text().splitlines()) == end["lines"] + 2
    with pytest.raises(CommandError, match="after"):
        call_command(*said, "--from", "2026-02-01", "--to", "2026-01-01")
    with pytest.raises(CommandError, match="nowhere"):
        call_command(*said, "--output", str(tmp_path / "nowhere" / "file"))
