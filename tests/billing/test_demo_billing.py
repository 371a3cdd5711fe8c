"""The demo's accounts: invoices as the deeds would have left them, told in the ledger."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from audit.queries import first_flaw
from billing.demo import opening
from billing.documents.rules import broken_rules
from billing.models import BillingDetails, CreditEntry, Invoice, Subscription
from billing.queries.papers import paper_of
from orgs.demo import loading
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.bills import ISSUER

NOW = datetime.datetime(2026, 11, 22, 13, 0, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def houses(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Organization]]:
    """The demo once for all of these, under addresses of its own."""
    from django.test import override_settings

    suffix = f"-{uuid4().hex[:8]}"
    prefix = f"D{uuid4().hex[:8]}"
    with (
        django_db_blocker.unblock(),
        override_settings(ISSUER=ISSUER, TAX_RATE="19", CURRENCY="USD", INVOICE_PREFIX=prefix),
    ):
        told = loading.load(say=lambda line: None, now=NOW, suffix=suffix)
        yield {history.story.name: history.organization for history in told}
        loading.purge(say=lambda line: None, suffix=suffix)


def invoices(organization: Organization) -> list[Invoice]:
    rows = Invoice.objects.in_org(organization.pk).select_related("corrects")
    return list(rows.order_by("number"))


def test_acme_has_five_months_a_credit_note_and_credit(houses: dict[str, Organization]) -> None:
    acme = houses["Acme Robotics"]
    with bound(acme.pk):
        rows = invoices(acme)
        assert [row.kind for row in rows].count("invoice") == 5
        assert [row.kind for row in rows].count("credit_note") == 1
        assert {row.state for row in rows} == {"paid", "open"}
        days = [row.issued_on for row in rows]
        assert days == sorted(days, key=lambda day: day or datetime.date.min)
        for row in rows:
            assert broken_rules(paper_of(row)) == []
            assert row.paid == (
                0 if row.kind == "credit_note" or row.state == "open" else row.gross
            )
        details = BillingDetails.objects.in_org(acme.pk).get()
        entries = CreditEntry.objects.in_org(acme.pk).values_list("amount", flat=True)
        assert details.credit == sum(entries)
        subscription = Subscription.objects.in_org(acme.pk).get()
        assert (subscription.state, subscription.seats) == ("active", 60)
        assert subscription.paid_to == datetime.date(2026, 11, 1)


def test_larkfield_is_past_due_and_umbrella_pays_nothing(houses: dict[str, Organization]) -> None:
    larkfield, umbrella = houses["Larkfield Press"], houses["Umbrella Logistics"]
    with bound(larkfield.pk):
        assert Subscription.objects.in_org(larkfield.pk).get().state == "past_due"
        overdue = [row for row in invoices(larkfield) if row.state == "open"]
        assert [row.reminders for row in overdue] == [3, 2]
        assert {part["category"] for row in overdue for part in row.taxes} == {"AE"}
    with bound(umbrella.pk):
        assert invoices(umbrella) == []
        found = Organization.objects.get(pk=umbrella.pk)
        assert (found.plan, found.entitlements) == ("free", [])


def test_their_ledgers_hold(houses: dict[str, Organization]) -> None:
    for organization in houses.values():
        with bound(organization.pk):
            assert first_flaw(organization.pk, after=0) is None


def test_demo_in_a_currency_without_prices_tells_nothing(settings: Any) -> None:
    settings.CURRENCY = "CHF"

    class Told:
        class story:  # noqa: N801 - as a History has it
            name = "Acme Robotics"

        class calendar:  # noqa: N801
            now = NOW

    assert list(opening.Books(Told()).rows()) == []  # type: ignore[arg-type]
