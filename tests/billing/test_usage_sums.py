"""The sums of usage that the dashboard, the invoices and one's own page stand on."""

from __future__ import annotations

import datetime
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.periods import DAY
from billing.queries import metering
from billing.queries.metering import metered, month_to_date
from billing.queries.usage_rows import Sums
from orgs.tenancy import bound
from tests.billing.counted import count
from tests.billing.usage.added import add_up
from tests.factories import Cast, sign_in
from tests.projects.calls import Caller
from tests.projects.factories import make_project
from tests.projects.keys import make_key

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 19)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def test_a_month_so_far_stands_beside_the_same_days_of_the_last(cast: Cast) -> None:
    rows = [
        {"day": first + n * DAY, "cost": 10 * (n + 1), "calls": 1}
        for first in (day("2026-10-01"), day("2026-11-01"))
        for n in range(19)
    ]
    rows += [{"day": day("2026-10-25"), "cost": 999}, {"day": day("2026-09-30"), "cost": 777}]
    count(cast.acme, *rows)
    count(cast.umbrella, {"day": TODAY, "cost": 5})
    with bound(cast.acme.pk), CaptureQueriesContext(connection) as asked:
        found = month_to_date(cast.acme.pk, today=TODAY)
    assert len([one for one in asked if "billing_usageday" in one["sql"]]) == 1
    assert found.sums == found.before == Sums(calls=19, cost=1900)
    assert found.cost.words(str) == "As much as by this day in October"
    assert [one for one, _ in found.latest] == [TODAY - n * DAY for n in range(13, -1, -1)]
    assert found.latest[-1] == (TODAY, Sums(calls=1, cost=190))
    assert found.expected is not None
    assert found.expected > 1900


def test_a_month_without_anything_expects_nothing(cast: Cast) -> None:
    with bound(cast.acme.pk):
        found = month_to_date(cast.acme.pk, today=TODAY)
    assert found.sums == Sums()
    assert found.expected is None


def test_metered_is_the_cost_of_whole_days_by_project(cast: Cast) -> None:
    first, second = make_project(cast.acme), make_project(cast.acme)
    count(
        cast.acme,
        {"day": day("2026-09-30"), "project": first, "cost": 1},
        {"day": day("2026-10-01"), "project": first, "cost": 10, "model": "a"},
        {"day": day("2026-10-31"), "project": first, "cost": 200, "model": "b"},
        {"day": day("2026-10-31"), "project": second, "cost": 3 * 10**18},
        {"day": day("2026-10-31"), "cost": 4000},
        {"day": day("2026-10-31"), "task": "free", "cost": 0},
        {"day": day("2026-11-01"), "project": first, "cost": 50_000},
    )
    with bound(cast.acme.pk):
        found = metered(cast.acme.pk, day("2026-10-01"), day("2026-11-01"))
        nothing = metered(cast.acme.pk, day("2026-12-01"), day("2027-01-01"))
    assert found.projects == {second.pk: 3 * 10**18, None: 4000, first.pk: 210}
    assert list(found.projects) == [second.pk, None, first.pk]
    assert found.total == 3 * 10**18 + 4210
    assert (nothing.total, nothing.projects) == (0, {})


def test_the_page_shows_what_the_log_adds_up_to(cast: Cast) -> None:
    """From a real call to the page: verified, reported, added up, shown."""
    _, text = make_key(cast.acme, cast.member(cast.alice), "ETL")
    caller = Caller(cast.acme)
    _, _, call = caller.verify(text, model="m-small", task="Triage", cost=10)
    caller.use(call, 12_340_000_000, units={"input_token": 1000, "output_token": 234})
    caller.verify("bw_live_nothing_of_ours")
    add_up()
    page = sign_in(cast.alice).get(cast.url("usage/?by=key")).content.decode()
    rows = page.split("usage-table", 1)[1]
    assert "ETL" in rows
    assert "$12.34" in rows
    assert "1,234" in rows
    assert "Unknown keys" in rows
    own = sign_in(cast.alice).get(cast.url("members/access/")).content.decode()
    assert "$12.34" in own


def _cursor(*values: Any) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "page",
    [
        "%00",
        "x" * 5000,
        _cursor("<", True, "x"),
        _cursor(">", None, None),
        _cursor(">", 10**300, "x"),
        _cursor(">", -(10**30), ""),
        _cursor(">", "text", "x"),
        _cursor(">", 5, 5),
        _cursor(">", 5, "'; DROP TABLE billing_usageday; --"),
        _cursor(">", ["u", "0" * 32], "x"),
        _cursor("<", 5, "x"),
    ],
)
@pytest.mark.parametrize("sort", ["cost", "name"])
def test_a_hostile_cursor_is_a_page_like_any_other(cast: Cast, page: str, sort: str) -> None:
    count(cast.acme, {"day": TODAY, "model": "m", "cost": 7, "calls": 1})
    address = f"usage/?by=model&period=2026-11&sort={sort}&page={page}"
    assert sign_in(cast.alice).get(cast.url(address)).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "project=' OR 1=1 --",
        "model=%25(org)s",
        "model=%25s&task=%25%25",
        "by[]=key",
        "by=key&by=model",
        "since=2026-11-01&until=2026-11-02&since=x",
        "period=2099-12",
        "model=\ud800",
        "key=" + "f" * 5000,
    ],
)
def test_a_hostile_address_is_answered(cast: Cast, query: str) -> None:
    count(cast.acme, {"day": TODAY, "model": "m", "cost": 7, "calls": 1})
    address = query.encode("utf-8", "surrogatepass").decode("latin-1")
    assert sign_in(cast.alice).get(cast.url(f"usage/?{address}")).status_code == 200


def test_own_usage_is_nobody_elses(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "today_here", lambda: TODAY)
    count(cast.acme, {"day": TODAY, "person": cast.member(cast.vera), "calls": 3, "cost": 5})
    found = metering.own_to_date(cast.access(cast.mia))
    assert found is not None
    assert (found.calls, found.cost) == (0, 0)
