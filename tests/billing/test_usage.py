"""The Usage page: its numbers, what it is split by and filtered by, and what it says of them."""

from __future__ import annotations

import datetime
import random
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from billing.forms.usage import DIMENSIONS, Dimension, UsageAsked
from billing.periods import DAY
from billing.queries.usage import UsagePage, usage_page
from billing.queries.usage_rows import Sums
from billing.views import usage as views
from tests.billing.counted import count
from tests.factories import Cast, make_group, sign_in
from tests.projects.factories import make_project
from tests.projects.keys import make_key

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 19)
NANO = 10**9
MOST_QUERIES = 9


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "today_here", lambda: TODAY)


def asked(query: str = "", *, costs: bool = True, today: datetime.date = TODAY) -> UsageAsked:
    return UsageAsked.read(QueryDict(query), today=today, costs=costs)


def found(cast: Cast, query: str = "", **said: Any) -> UsagePage:
    return usage_page(cast.access(cast.alice), asked(query, **said))


def page(cast: Cast, query: str = "", who: Any = None) -> str:
    response = sign_in(who or cast.alice).get(cast.url(f"usage/?{query}"))
    assert response.status_code == 200, response.status_code
    return response.content.decode()


@pytest.mark.requirement("S1-034", "S3-060", "S2-031", "S4-042")
def test_sums_of_each_split_are_those_of_the_rows(cast: Cast) -> None:
    dice = random.Random(7)
    projects = [make_project(cast.acme, f"Project {n}") for n in range(5)] + [None]
    groups = [make_group(cast.acme, f"Group {n}") for n in range(3)] + [None]
    keys = [make_key(cast.acme, cast.member(cast.alice), f"Key {n}")[0] for n in range(4)]
    rows: list[dict[str, Any]] = [
        {
            "day": TODAY - dice.randrange(60) * DAY,
            "project": dice.choice(projects),
            "group": dice.choice(groups),
            "person": dice.choice([*cast.members.values(), None]),
            "key": dice.choice(keys),
            "model": dice.choice(["", "m-1", "m-2"]),
            "task": f"t-{number}",  # Each fact once.
            "calls": dice.randrange(50),
            "refused": dice.randrange(5),
            "tokens_in": dice.randrange(10**6),
            "tokens_out": dice.randrange(10**6),
            "cost": dice.randrange(10**12),
        }
        for number in range(300)
    ]
    count(cast.acme, *rows)
    for by in DIMENSIONS:
        for narrowed in ("", f"&project={projects[0].pk}", "&model=m-1&person=(none)"):
            seen = found(cast, f"period=month&by={by.value}{narrowed}")
            within = [row for row in rows if _matches(row, seen.asked)]
            assert seen.total == _sum(within)
            assert sum(seen.days.values(), Sums()) == seen.total
            subjects = {_subject(row, by) for row in within}
            assert seen.count == len(subjects)
            for line in seen.lines:
                assert line.sums == _sum(
                    [row for row in within if _subject(row, by) == line.subject]
                )
            costs = [line.sums.cost for line in seen.lines]
            assert costs == sorted(costs, reverse=True)
            assert [one.subject for one, _ in seen.largest] == [
                line.subject for line in seen.lines[:3] if line.sums.cost
            ]
            for subject, days in seen.largest:
                assert sum(days.values(), Sums()) == subject.sums
            assert seen.rest == seen.total - sum((one.sums for one, _ in seen.largest), Sums())


def _matches(row: dict[str, Any], asked: UsageAsked) -> bool:
    within = asked.period.start <= row["day"] < asked.period.end
    return within and all(_subject(row, by) == value for by, value in asked.filters.items())


def _subject(row: dict[str, Any], by: Dimension) -> str:
    value = row[by.value]
    return "" if value is None else str(getattr(value, "pk", value))


def _sum(rows: list[dict[str, Any]]) -> Sums:
    names = ("calls", "refused", "tokens_in", "tokens_out", "cost")
    return Sums(*(sum(row[name] for row in rows) for name in names))


def test_another_organization_is_never_counted(cast: Cast) -> None:
    count(cast.umbrella, {"day": TODAY, "model": "theirs", "cost": 5})
    count(cast.acme, {"day": TODAY, "model": "ours", "cost": 7})
    assert found(cast).total.cost == 7
    assert "theirs" not in page(cast, "by=model")


@pytest.mark.parametrize("by", ["project", "group", "person", "key"])
def test_a_foreign_id_is_like_one_that_was_made_up(cast: Cast, by: str) -> None:
    theirs = {
        "project": make_project(cast.umbrella, "Their project"),
        "group": make_group(cast.umbrella, "Their group"),
        "person": next(iter(cast.members.values())),
        "key": make_key(cast.umbrella, _oscars(cast), "Their key")[0],
    }
    if by == "person":
        theirs["person"] = _oscars(cast)
    count(cast.acme, {"day": TODAY, "cost": 7, "calls": 1})
    count(cast.umbrella, {"day": TODAY, by: theirs[by], "cost": 5, "calls": 1})
    strange, made_up = (
        page(cast, f"{by}={pk}").replace(str(pk), "") for pk in (theirs[by].pk, uuid4())
    )
    assert "Not found" in strange
    assert "Their " not in strange
    assert _plain(strange) == _plain(made_up)


def _oscars(cast: Cast) -> Any:
    from orgs.models import Membership
    from orgs.tenancy import bound

    with bound(cast.umbrella.pk):
        return Membership.objects.in_org(cast.umbrella).get()


def _plain(text: str) -> str:
    import re

    return re.sub(
        r'(csrfmiddlewaretoken" value=|"X-CSRFToken": )"[^"]+"|Counted until[^<]+', "", text
    )


def test_what_is_gone_keeps_its_line_and_its_filter(cast: Cast) -> None:
    gone = uuid4()
    count(cast.acme, {"day": TODAY, "key": gone, "calls": 3, "cost": 5 * NANO})
    assert "A deleted key" in page(cast, "by=key")
    narrowed = page(cast, f"key={gone}")
    assert "A deleted key" in narrowed
    assert "$5.00" in narrowed


def test_what_names_nothing_has_a_line_and_a_filter(cast: Cast) -> None:
    count(cast.acme, {"day": TODAY, "calls": 3, "cost": 5 * NANO})
    for by, words in (
        ("project", "In no project"),
        ("group", "No cost centre"),
        ("person", "No person"),
        ("key", "Unknown keys"),
        ("model", "No model named"),
        ("task", "No task named"),
    ):
        assert words in page(cast, f"by={by}")
        assert found(cast, f"{by}=(none)").total.calls == 3


def test_lines_are_shown_fifty_at_a_time_each_once(cast: Cast) -> None:
    count(
        cast.acme,
        *(
            {"day": TODAY, "model": f"model {n:03}", "calls": n % 7, "cost": n % 5}
            for n in range(137)
        ),
    )
    for sort in ("cost", "calls", "tokens", "name"):
        names: list[str] = []
        cursor = ""
        while True:
            seen = found(cast, f"by=model&sort={sort}&page={cursor}")
            assert seen.count == 137
            names += [line.name for line in seen.lines]
            if not seen.more:
                break
            cursor = seen.more
        assert len(names) == len(set(names)) == 137
        if sort == "name":
            assert names == sorted(names)


def test_show_more_brings_the_next_rows_alone(cast: Cast) -> None:
    count(cast.acme, *({"day": TODAY, "model": f"model {n:03}", "cost": 1} for n in range(60)))
    text = page(cast, "by=model")
    assert "Show more" in text
    more = found(cast, "by=model").more
    client = sign_in(cast.alice)
    headers = {"HX-Request": "true", "HX-Target": "more-rows"}
    rows = client.get(cast.url(f"usage/?by=model&page={more}"), headers=headers).content.decode()
    assert rows.count("<tr") == 10
    assert "<html" not in rows
    # Without JavaScript the same address is a page, which leads back to its beginning.
    assert "from its beginning" in page(cast, f"by=model&page={more}")


def test_the_number_of_queries_does_not_grow(cast: Cast) -> None:
    client, numbers = sign_in(cast.alice), []
    client.get(cast.url("usage/"))
    for many in (10, 3_000):
        keys = [uuid4() for _ in range(many)]
        count(cast.acme, *({"day": TODAY, "key": key, "calls": 1, "cost": 1} for key in keys))
        for query in ("by=key", f"by=key&model=(none)&project=(none)&key={keys[0]}&by=task"):
            with CaptureQueriesContext(
                connection,
            ) as captured:
                client.get(cast.url(f"usage/?{query}"))
            asked_for = [
                one["sql"]
                for one in captured
                if one["sql"].startswith(("SELECT", "\n", "WITH", " "))
            ]
            numbers.append(len(asked_for))
    assert numbers[:2] == numbers[2:]
    assert max(numbers) <= MOST_QUERIES


def test_it_begins_with_an_empty_page_that_says_how(cast: Cast) -> None:
    text = page(cast)
    assert "Nothing has been counted yet" in text
    assert "Make a key" in text
    assert "Make a key</a>" not in page(cast, who=cast.mia)
    count(cast.acme, {"day": TODAY - 300 * DAY, "cost": 5})
    assert "Nothing counted in" in page(cast, "period=7")


def test_a_database_that_fails_is_told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import DatabaseError

    def fail(*_: object, **__: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(views, "usage_page", fail)
    response = sign_in(cast.alice).get(cast.url("usage/"))
    assert response.status_code == 503
    assert "Usage did not arrive" in response.content.decode()


def test_each_day_leads_to_its_requests_for_who_may_see_them(cast: Cast) -> None:
    count(cast.acme, {"day": TODAY, "model": "m 1&2", "cost": 5, "calls": 1})
    link = cast.url("settings/requests/?model=m+1%262&amp;since=2026-11-19&amp;until=2026-11-19")
    text = page(cast, "model=m+1%262")
    assert "since=2026-11-19&amp;until=2026-11-19" in text, link
    # The log knows no people, and a Member no log.
    member = cast.member(cast.alice).pk
    count(cast.acme, {"day": TODAY, "person": member, "cost": 5, "calls": 1})
    assert "since=2026-11-19&amp;until" not in page(cast, f"person={member}")
    assert "since=2026-11-19&amp;until" not in page(cast, who=cast.mia)


def test_names_are_escaped_and_long_ones_are_whole(cast: Cast) -> None:
    name = "<script>alert(1)</script>" + "x" * 170
    count(cast.acme, {"day": TODAY, "model": name, "cost": 5, "calls": 1})
    text = page(cast, "by=model")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert found(cast, f"model={name.replace('<', '%3C')}").total.cost == 5


@pytest.mark.parametrize("cost", [1, 150_000, 999, 10**18, 4 * 10**18])
def test_tiny_and_giant_sums_are_drawn(cast: Cast, cost: int) -> None:
    count(cast.acme, *({"day": TODAY - n * DAY, "cost": cost, "calls": 1} for n in range(3)))
    seen = found(cast)
    assert seen.total.cost == 3 * cost
    text = page(cast)
    assert "NaN" not in text
    assert 'class="bar-1"' in text
