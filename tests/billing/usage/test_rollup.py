"""Usage is added up from the request log exactly: every dimension, day and measure."""

from __future__ import annotations

import datetime
import random
from collections import Counter
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction

from billing.models import UsageDay, UsageFact
from orgs.tenancy import bound
from tests.billing.usage.added import add_up, log_here
from tests.factories import Cast, make_group, make_member
from tests.projects.calls import Caller
from tests.projects.keys import make_key

UTC = datetime.UTC
MEASURES = ("calls", "refused", "tokens_in", "tokens_out", "cost")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Africa/Cairo", "Pacific/Apia")
# Around ends of months and of years, and the changes of time of those zones.
MOMENTS = [
    datetime.datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    datetime.datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime.datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
    datetime.datetime(2026, 4, 23, 22, 0, tzinfo=UTC),
    datetime.datetime(2026, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime.datetime(2025, 12, 31, 18, 30, tzinfo=UTC),
]
UNITS: list[Any] = [
    None,
    {},
    {"input_token": 7, "output_token": 3},
    {"cached_input_token": 5, "cache_write_token": 2, "reasoning_token": 11, "output_image": 4},
    {"output_audio_token": 1, "input_image_token": 6, "citation_token": 9, "second": 30},
    {"completion_tokens": 13, "prompt_tokens": 17, "input_token": "8"},
    {"input_token": 2.5},
]

pytestmark = pytest.mark.django_db


def test_what_a_platform_verifies_and_reports_is_counted(cast: Cast) -> None:
    _, text = make_key(cast.acme, cast.member(cast.alice))
    caller = Caller(cast.acme)
    _, _, call = caller.verify(text, model="m", task="t")
    caller.verify("no key", model="m", task="t")
    units = {"input_token": 3, "output_token": 4, "image": 9, "reasoning_token": 1}
    caller.use(call, 1500, units=units, model="other")
    assert add_up() == 3
    assert add_up() == 3
    assert rows_of(cast, "total") == {"": (2, 1, 3, 5, 1500)}
    assert rows_of(cast, "model") == {"m": (2, 1, 0, 0, 0), "other": (0, 0, 3, 5, 1500)}
    assert rows_of(cast, "task") == {"t": (2, 1, 3, 5, 1500)}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("seed", range(3))
def test_every_dimension_equals_the_log(cast: Cast, zone: str, seed: int) -> None:
    """Hundreds of requests at awkward moments, added up here in Python and there in SQL."""
    draw = random.Random(f"{zone} {seed}")
    some = {name: [None, uuid4(), uuid4()] for name in ("project", "group", "person", "key")}
    logged = []
    for _ in range(250):
        at = draw.choice(MOMENTS) + datetime.timedelta(minutes=draw.randint(-2000, 2000))
        is_verified = draw.random() < 0.6
        row: dict[str, Any] = {name: draw.choice(ids) for name, ids in some.items()}
        row |= {
            "at": at,
            "endpoint": "/v1/keys/verify" if is_verified else "/v1/usage",
            "model": draw.choice(["", "a", "A", "a/b", "é"]),
            "task": draw.choice(["", "b/c", "c"]),
            "allowed": not is_verified or draw.random() < 0.7,
            "units": draw.choice(UNITS),
            "cost": 0 if is_verified else draw.choice([0, 1, 999_999_999, 10**15]),
        }
        logged.append(row)
        log_here(cast.acme, **row)
    assert add_up(zone) == len(logged)
    for dimension in UsageDay.Dimension:
        assert sums_of(cast, dimension) == expected(logged, dimension, ZoneInfo(zone)), dimension
    with bound(cast.acme.pk):
        facts = list(UsageFact.objects.in_org(cast.acme))
    for fact in facts:
        same = [row for row in logged if _is_of(row, fact, ZoneInfo(zone))]
        assert _measured(same) == tuple(getattr(fact, name) for name in MEASURES)
    assert sum(fact.calls for fact in facts) == sum(map(_is_asked, logged))


def test_a_report_of_any_size_stops_nothing(cast: Cast) -> None:
    """Beyond what a column holds, a sum stays at the most it may be."""
    for _ in range(12):
        log_here(
            cast.acme,
            endpoint="/v1/usage",
            cost=10**18,
            units={"input_token": 10**30, "output_token": 1},
        )
    assert add_up() == 12
    assert rows_of(cast, "total") == {"": (0, 0, 4 * 10**18, 12, 4 * 10**18)}


@pytest.mark.requirement("S1-035")
def test_what_is_deleted_keeps_its_numbers(cast: Cast) -> None:
    """Sums refer to nothing by a key, as the log does."""
    member = make_member(cast.acme)
    group = make_group(cast.acme)
    log_here(cast.acme, person=member.pk, group=group.pk, key=uuid4(), project=uuid4())
    add_up()
    with connection.cursor() as cursor:
        for table, pk in (("orgs_membership", member.pk), ("orgs_group", group.pk)):
            with bound(cast.acme.pk):
                cursor.execute(f"DELETE FROM {table} WHERE id = %s", [pk])
            assert rows_of(cast, "total") == {"": (1, 0, 0, 0, 0)}
        assert rows_of(cast, "person") == {str(member.pk): (1, 0, 0, 0, 0)}
        transaction.set_rollback(True)


@pytest.mark.requirement("S2-127")
@pytest.mark.parametrize("model", [UsageDay, UsageFact])
def test_an_organization_reads_its_own_and_writes_nothing(cast: Cast, model: type[Any]) -> None:
    log_here(cast.acme)
    add_up()
    with bound(cast.umbrella.pk):
        assert list(model.objects.all()) == []
    with bound(cast.acme.pk):
        row = model.objects.first()
        assert row is not None
        for deed in (row.delete, lambda: row.save(force_update=True)):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                deed()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT usage_reset('UTC')",
        "SELECT usage_add(0, 9, gen_random_uuid(), gen_random_uuid(), 'UTC', NULL)",
        "SELECT * FROM billing_usagemark",
    ],
)
def test_the_web_role_cannot_add_twice_or_begin_again(cast: Cast, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def rows_of(cast: Cast, dimension: str) -> dict[str, tuple[int, ...]]:
    return {subject: sums for (_, subject), sums in sums_of(cast, dimension).items()}


def sums_of(cast: Cast, dimension: str) -> dict[tuple[datetime.date, str], tuple[int, ...]]:
    with bound(cast.acme.pk):
        rows = UsageDay.objects.in_org(cast.acme).filter(dimension=dimension)
        return {(row[0], row[1]): row[2:] for row in rows.values_list("day", "subject", *MEASURES)}


def expected(
    logged: list[dict[str, Any]], dimension: str, zone: ZoneInfo
) -> dict[tuple[datetime.date, str], tuple[int, ...]]:
    found: dict[tuple[datetime.date, str], Counter[str]] = {}
    for row in logged:
        value = "" if dimension == "total" else row[dimension]
        line = (row["at"].astimezone(zone).date(), "" if value is None else str(value))
        found.setdefault(line, Counter()).update(dict(zip(MEASURES, _measured([row]), strict=True)))
    return {line: tuple(sums[name] for name in MEASURES) for line, sums in found.items()}


def _measured(rows: list[dict[str, Any]]) -> tuple[int, ...]:
    asked = [row for row in rows if _is_asked(row)]
    tokens = [_tokens(row) for row in rows if not _is_asked(row)]
    return (
        len(asked),
        sum(not row["allowed"] for row in asked),
        sum(came for came, _ in tokens),
        sum(went for _, went in tokens),
        sum(row["cost"] for row in rows),
    )


def _is_asked(row: dict[str, Any]) -> bool:
    return bool(row["endpoint"] == "/v1/keys/verify")


def _tokens(row: dict[str, Any]) -> tuple[int, int]:
    came = went = 0
    for unit, amount in (row["units"] or {}).items():
        if "token" not in unit or isinstance(amount, str):
            continue
        rounded = int(amount + 0.5)
        if any(word in unit for word in ("output", "completion", "reasoning")):
            went += rounded
        else:
            came += rounded
    return came, went


def _is_of(row: dict[str, Any], fact: UsageFact, zone: ZoneInfo) -> bool:
    def same(mine: UUID | None, name: str) -> bool:
        return bool(row[name] == mine)

    return (
        row["at"].astimezone(zone).date() == fact.day
        and same(fact.project_id, "project")
        and same(fact.group_id, "group")
        and same(fact.person_id, "person")
        and same(fact.key_id, "key")
        and (row["model"], row["task"]) == (fact.model, fact.task)
    )
