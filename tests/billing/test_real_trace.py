"""A real trace of model calls, at real prices, is an invoice that a test computes again.

The calls are replayed through the interface, priced and metered there, added up by the rollup and
invoiced by the job of the month. What the invoice comes to is then computed from the raw files,
with fractions and none of the application's code.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.utils import timezone

from billing.actions import month
from billing.actions.month import organization_invoice
from billing.actions.rollup import usage_roll
from billing.documents.rules import broken_rules
from billing.models import Invoice, UsageFact
from billing.periods import month_after, month_of
from billing.queries.papers import paper_of
from orgs.models import Membership
from orgs.tenancy import bound
from projects.models import ModelPrice
from tests.billing.bills import make_details, make_subscription
from tests.factories import TEST, make_cast
from tests.projects.factories import make_project
from tests.projects.keys import make_key, make_token
from tests.projects.price_lists import PUBLIC, cost, fractions, rates
from tests.projects.servers import OWNER, served

MODEL = "gpt-4o"
DATA = Path(configured.BASE_DIR).parent / "shared" / "data" / "llm-trace-azure"
TRACES = sorted(DATA.glob("*.csv"))
SEATS, SEAT_PRICE, TAX = 12, Fraction(24), Fraction(19, 100)
SLICE = 90

pytestmark = [
    pytest.mark.usefixtures("issuer", "committed"),
    pytest.mark.skipif(
        not (TRACES and PUBLIC) and not os.environ.get("CI"), reason="the real data is not here"
    ),
]


@pytest.fixture
def prices(issuer: None, settings: Any, tmp_path: Path) -> Iterator[dict[tuple[str, int], int]]:
    """The model as the public list has it, imported; its rates once more by fractions."""
    settings.CURRENCY = "USD"
    said = json.loads(PUBLIC[0].read_text())
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({MODEL: said[MODEL]}))
    call_command("import_prices", str(path), stdout=io.StringIO())
    yield rates(fractions(path.read_text())[MODEL])
    ModelPrice.objects.using(OWNER).filter(model=MODEL).delete()


def sliced(path: Path, to: Path, every: int) -> Path:
    head, *rows = path.read_text().splitlines()
    to.write_text("\n".join([head, *rows[::every]]) + "\n")
    return to


def expected_net(paths: list[Path], prices: dict[tuple[str, int], int], days: Fraction) -> int:
    """Cents: each call in nano-units, their sum in cents, and the seats by days; half up."""
    nano = sum(
        cost(prices, {"input_token": int(read), "output_token": int(written)})
        for path in paths
        for _, read, written in list(csv.reader(path.read_text().splitlines()))[1:]
    )
    usage = math.floor(Fraction(nano, 10**7) + Fraction(1, 2))
    return usage + math.floor(SEATS * SEAT_PRICE * 100 * days + Fraction(1, 2))


def wait_for_the_rollup(organization: Any, calls: int) -> None:
    """Whatever else runs on this server holds it up: rows are taken once all before have ended."""
    until = time.monotonic() + 150
    while time.monotonic() < until:
        usage_roll()
        with bound(organization.pk):
            facts = UsageFact.objects.in_org(organization.pk).values_list("calls", flat=True)
            if (counted := sum(facts)) == calls:
                return
        time.sleep(0.1)
    raise AssertionError(f"The rollup came to {counted} of {calls} calls.")


@pytest.mark.requirement("S1-057")
@pytest.mark.parametrize(
    "every", [SLICE, pytest.param(1, marks=[pytest.mark.nightly], id="all of it")]
)
def test_replayed_trace_is_invoiced_to_the_cent(
    prices: dict[tuple[str, int], int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    every: int,
) -> None:
    monkeypatch.setenv("BAILIWICK_DATA", str(tmp_path))
    traces = [sliced(path, tmp_path / path.name, every) for path in TRACES]
    calls = sum(len(path.read_text().splitlines()) - 1 for path in traces)
    house = make_cast()
    make_details(house.acme, country="DE", tax_id="")
    today = timezone.localdate(timezone=timezone.get_default_timezone())
    make_subscription(house.acme, started_on=today, seats=SEATS, currency="USD")
    with bound(house.acme.pk):
        owner = Membership.objects.in_org(house.acme.pk).get(person=house.alice)
    project = make_project(house.acme, "Replayed")
    _, key = make_key(project, owner)
    _, token = make_token(house.acme, "decide", "record")
    with served() as url:
        given = {"url": url, "token": token, "key": key, "model": MODEL, "threads": 8}
        call_command("replay_trace", *map(str, traces), stdout=io.StringIO(), **given)
    wait_for_the_rollup(house.acme, calls)
    # The month is not over yet, and nobody else calls in the name of this organization.
    monkeypatch.setattr(month, "is_counted", lambda end: True)
    first, after = month_of(today), month_after(today)
    (invoice,) = organization_invoice(organization=house.acme.pk, today=after, actor=TEST)
    days = Fraction((after - today).days, (after - first).days)
    net = expected_net(traces, prices, days)
    assert invoice.net == net
    assert invoice.tax == math.floor(net * TAX + Fraction(1, 2))
    assert invoice.gross == invoice.net + invoice.tax
    with bound(house.acme.pk):
        line = invoice.lines.in_org(house.acme.pk).get(kind="usage")
        assert [part["name"] for part in line.parts] == ["Replayed"]
        assert broken_rules(paper_of(Invoice.objects.in_org(house.acme.pk).get())) == []
