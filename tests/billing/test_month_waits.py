"""Deeds of the operator beside the turn of the month, on real connections: none waits for another
that waits for it."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from audit import ledger
from billing.actions import invoices as invoice_deeds
from billing.actions import month
from billing.actions.credit_notes import credit_note_issue
from billing.actions.details import details_change
from billing.actions.month import organization_invoice
from billing.actions.reminders import invoice_remind
from billing.models import Invoice
from billing.models.details import FIELDS
from billing.queries.metering import Metered
from orgs.models import Membership, Organization
from orgs.tenancy import bound
from tests.billing.bills import charge, make_invoice, make_subscription, pay
from tests.billing.test_credit import give
from tests.factories import TEST, access_of, make_organization, make_person
from tests.races import together

pytestmark = pytest.mark.usefixtures("issuer", "committed")
TODAY = datetime.date(2026, 11, 2)


@pytest.fixture(autouse=True)
def _no_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(month, "metered", lambda *said: Metered(total=0, projects={}))
    monkeypatch.setattr(month, "is_counted", lambda end: True)
    monkeypatch.setattr(month, "_catch_up", lambda: None)


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are in the middle of it at the same time, whichever began first."""
    real, number = ledger.record, invoice_deeds._number

    def numbered(*said: Any) -> None:
        time.sleep(0.2)
        number(*said)
        time.sleep(0.2)

    def recorded(*said: Any, **more: Any) -> int:
        time.sleep(0.1)
        found = real(*said, **more)
        time.sleep(0.1)
        return found

    monkeypatch.setattr(invoice_deeds, "_number", numbered)
    monkeypatch.setattr(ledger, "record", recorded)


def taken_back(invoice: Invoice) -> Invoice:
    with bound(invoice.organization_id):
        return credit_note_issue(invoice=invoice, reason="Twice", actor=TEST, today=TODAY)


def turned(house: Organization) -> Any:
    return organization_invoice(organization=house.pk, today=TODAY, actor=TEST)


def reminded(invoice: Invoice) -> bool:
    with bound(invoice.organization_id):
        return invoice_remind(
            organization=invoice.organization_id, pk=invoice.pk, today=TODAY, actor=TEST
        )


def renamed(house: Organization) -> Any:
    with bound(house.pk):
        (owner,) = Membership.objects.in_org(house.pk).select_related("person")
        assert owner.person is not None
        said = dict.fromkeys(FIELDS, "") | {"legal_name": "Twofold Ltd", "recipients": []}
        return details_change(said=said, actor=access_of(house, owner.person))


def house_with_a_month() -> Organization:
    house = make_organization(make_person(), "Twofold")
    make_subscription(house, started_on=datetime.date(2026, 10, 1))
    return house


@pytest.mark.usefixtures("slowly")
@pytest.mark.parametrize("deed", ["note", "payment", "top_up", "reminder", "given", "details"])
def test_the_month_turns_beside_the_operators_deeds(deed: str) -> None:
    house = house_with_a_month()
    give(house, 5_000)
    kind = "top_up" if deed == "top_up" else "invoice"
    invoice = make_invoice(house, charge(10_000), on=datetime.date(2026, 9, 1), kind=kind)
    if deed == "note":
        pay(invoice, invoice.due)
    deeds: dict[str, Callable[[], Any]] = {
        "note": partial(taken_back, invoice),
        "payment": partial(pay, invoice, invoice.due),
        "top_up": partial(pay, invoice, invoice.due),
        "reminder": partial(reminded, invoice),
        "given": partial(give, house, 100),
        "details": partial(renamed, house),
    }
    found = together(deeds[deed], partial(turned, house))
    assert not [one for one in found if isinstance(one, Exception)], found
    assert len(found[1]) == 1


@pytest.mark.usefixtures("slowly")
@pytest.mark.parametrize("deed", ["payment", "top_up", "note"])
def test_details_change_beside_the_operators_deeds(deed: str) -> None:
    house = house_with_a_month()
    give(house, 5_000)
    kind = "top_up" if deed == "top_up" else "invoice"
    invoice = make_invoice(house, charge(10_000), on=datetime.date(2026, 9, 1), kind=kind)
    first: Callable[[], Any] = partial(pay, invoice, invoice.due)
    if deed == "note":
        first = partial(taken_back, invoice)
    found = together(first, partial(renamed, house))
    assert not [one for one in found if isinstance(one, Exception)], found
