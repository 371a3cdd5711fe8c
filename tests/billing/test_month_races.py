"""Two workers on the first of the month, on real connections."""

from __future__ import annotations

import datetime
from functools import partial

import pytest

from billing.actions import month
from billing.actions.month import months_invoice, organization_invoice
from billing.models import Invoice, Subscription
from billing.queries.metering import Metered
from orgs.tenancy import bound
from tests.billing.bills import make_subscription
from tests.factories import TEST, make_organization, make_person
from tests.races import together

pytestmark = pytest.mark.usefixtures("issuer", "committed")
TODAY = datetime.date(2027, 1, 2)


@pytest.fixture(autouse=True)
def _no_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(month, "metered", lambda *said: Metered(total=0, projects={}))
    monkeypatch.setattr(month, "is_counted", lambda end: True)
    monkeypatch.setattr(month, "_catch_up", lambda: None)


def test_each_month_is_invoiced_by_one_of_them() -> None:
    house = make_organization(make_person(), "Twofold")
    make_subscription(house, started_on=datetime.date(2026, 10, 1))
    deed = partial(organization_invoice, organization=house.pk, today=TODAY, actor=TEST)
    found = together(*[deed] * 6)
    assert all(isinstance(one, list) for one in found), found
    issued = sorted(invoice.number for one in found for invoice in one)
    assert [number[-6:] for number in issued] == ["000001", "000002", "000003"]
    with bound(house.pk):
        assert Invoice.objects.in_org(house.pk).count() == 3
        assert Subscription.objects.in_org(house.pk).get().paid_to == datetime.date(2027, 1, 1)


def test_two_runs_over_several_organizations_share_the_work() -> None:
    houses = [make_organization(make_person(), f"House {n}") for n in range(4)]
    for house in houses:
        make_subscription(house, started_on=datetime.date(2026, 12, 1))
    run = partial(months_invoice, today=TODAY, actor=TEST)
    found = together(run, run, run)
    assert all(isinstance(one, list) for one in found), found
    issued = [invoice for one in found for invoice in one]
    ours = [invoice for invoice in issued if invoice.organization_id in {h.pk for h in houses}]
    assert len(ours) == len({invoice.organization_id for invoice in ours}) == 4
