"""What comes in for an invoice: counted once, never too much, and credit where it was bought."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from billing.models import BillingDetails, CreditEntry, Invoice, Payment
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.bills import TODAY, charge, make_details, make_invoice, pay
from tests.factories import Cast

pytestmark = pytest.mark.usefixtures("issuer")


def again(invoice: Invoice) -> Invoice:
    with bound(invoice.organization_id):
        return Invoice.objects.in_org(invoice.organization_id).get(pk=invoice.pk)


def balance(organization: Organization) -> int:
    with bound(organization.pk):
        rows = BillingDetails.objects.in_org(organization.pk).values_list("credit", flat=True)
        return rows.first() or 0


@pytest.mark.requirement("S1-057")
def test_paid_in_two_parts(cast: Cast) -> None:
    invoice = make_invoice(cast.acme)  # 100.00 and 19 percent.
    pay(invoice, 1_900)
    assert (again(invoice).state, again(invoice).due) == ("open", 10_000)
    pay(invoice, 10_000)
    paid = again(invoice)
    assert (paid.state, paid.due, paid.settled_on) == ("paid", 0, TODAY)


@pytest.mark.parametrize(
    ("amount", "code"),
    [(0, "amount"), (-1, "amount"), (10**15, "too_much"), (11_901, "too_much")],
)
def test_amounts_that_are_refused(cast: Cast, amount: int, code: str) -> None:
    invoice = make_invoice(cast.acme)
    with pytest.raises(ValidationError) as refused:
        pay(invoice, amount)
    assert refused.value.code == code
    assert again(invoice).paid == 0


@pytest.mark.parametrize("amount", [0, -1, 10**15])
def test_database_refuses_such_amounts_too(cast: Cast, amount: int) -> None:
    invoice = make_invoice(cast.acme)
    with bound(cast.acme.pk), pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(
            organization_id=cast.acme.pk,
            invoice=invoice,
            method="transfer",
            amount=amount,
            received_on=TODAY,
            reference="x",
        )


def test_same_reference_counts_once(cast: Cast) -> None:
    invoice = make_invoice(cast.acme)
    pay(invoice, 100, "NOTPROVIDED 1")
    with pytest.raises(ValidationError, match=r"recorded for .* before") as refused:
        pay(invoice, 100, " NOTPROVIDED  1 ")
    assert refused.value.code == "twice"
    assert again(invoice).paid == 100
    pay(make_invoice(cast.acme), 100, "NOTPROVIDED 1")


@pytest.mark.parametrize("reference", ["   ", "x" * 141])
def test_reference_is_said(cast: Cast, reference: str) -> None:
    with pytest.raises(ValidationError) as refused:
        pay(make_invoice(cast.acme), 100, reference)
    assert refused.value.code == "reference"


def test_what_is_paid_is_not_paid_again(cast: Cast) -> None:
    invoice = make_invoice(cast.acme)
    pay(invoice, invoice.gross)
    with pytest.raises(ValidationError, match="is not open: it is paid") as refused:
        pay(invoice, 1)
    assert refused.value.code == "state"


@pytest.mark.requirement("S3-064")
def test_top_up_becomes_credit_once_it_is_paid(cast: Cast) -> None:
    top_up = make_invoice(cast.acme, charge(25_000, "Credit", kind="credit"), kind="top_up")
    assert (top_up.tax, top_up.taxes[0]["category"]) == (0, "E")
    pay(top_up, 20_000)
    assert balance(cast.acme) == 0
    pay(top_up, 5_000)
    assert balance(cast.acme) == 25_000


def test_credit_is_used_as_an_invoice_is_issued(cast: Cast) -> None:
    pay(make_invoice(cast.acme, charge(15_000, kind="credit"), kind="top_up"), 15_000)
    first = make_invoice(cast.acme)
    assert (first.state, first.paid, balance(cast.acme)) == ("paid", 11_900, 3_100)
    second = make_invoice(cast.acme)
    assert (second.state, second.due, balance(cast.acme)) == ("open", 8_800, 0)
    with bound(cast.acme.pk):
        kinds = CreditEntry.objects.in_org(cast.acme.pk).order_by("at")
        assert list(kinds.values_list("kind", "amount")) == [
            ("topped_up", 15_000),
            ("used", -11_900),
            ("used", -3_100),
        ]


def test_currency_without_minor_units(cast: Cast, settings: Any) -> None:
    settings.CURRENCY = "JPY"
    make_details(cast.acme, country="DE", tax_id="")
    invoice = make_invoice(cast.acme, charge(3_200))
    assert (invoice.net, invoice.tax, invoice.gross) == (3_200, 608, 3_808)
    with pytest.raises(ValidationError, match="JPY 3,808"):
        pay(invoice, 3_809)
