"""What the web role may not write itself, whatever it sets beforehand: numbers, payments, balance."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from billing.models import BillingDetails, Invoice
from orgs.tenancy import bound
from tests.billing.bills import charge, make_details, make_invoice
from tests.billing.test_credit import balance, give
from tests.billing.test_invoices import drafted
from tests.factories import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("issuer")]


def refused(statement: str, *said: Any) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, said)


def claims_to_issue(invoice: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('bailiwick.issuing', %s, true)", [str(invoice)])


@pytest.mark.parametrize(
    "change",
    [
        "number = 'T-2026-000001'",
        "provider = 'stripe'",
        "state = 'open', number = 'T-2026-000001', issued_on = '2026-11-01', due_on = '2026-11-02'",
        "provider = 'stripe', state = 'open', number = 'T-2026-000001', issued_on = '2026-11-01',"
        " due_on = '2026-11-02'",
    ],
)
def test_no_draft_gets_a_number_of_choice(cast: Cast, change: str) -> None:
    with bound(cast.acme.pk):
        invoice = drafted(cast.acme)
        claims_to_issue(invoice.pk)
        refused(f"UPDATE billing_invoice SET {change} WHERE id = %s", invoice.pk)


@pytest.mark.parametrize(
    "change",
    [
        "paid = gross",
        "paid = gross, state = 'paid', settled_on = '2026-11-02'",
        "state = 'paid'",
        "state = 'void'",
    ],
)
def test_nothing_is_paid_or_void_because_somebody_says_so(cast: Cast, change: str) -> None:
    invoice = make_invoice(cast.acme)
    with bound(cast.acme.pk):
        refused(f"UPDATE billing_invoice SET {change} WHERE id = %s", invoice.pk)
        assert Invoice.objects.in_org(cast.acme).get().due == invoice.gross


def test_what_is_paid_stays_paid(cast: Cast) -> None:
    give(cast.acme, 20_000)
    invoice = make_invoice(cast.acme, charge(10_000))
    assert invoice.state == "paid"
    with bound(cast.acme.pk):
        for state in ("open", "void"):
            refused(f"UPDATE billing_invoice SET state = '{state}' WHERE id = %s", invoice.pk)


def test_nobody_writes_a_balance(cast: Cast) -> None:
    make_details(cast.acme)
    with bound(cast.acme.pk):
        refused("UPDATE billing_billingdetails SET credit = 100000")
        with pytest.raises(DatabaseError), transaction.atomic():
            BillingDetails.objects.in_org(cast.acme).update(credit=5)
    give(cast.acme, 300)
    assert balance(cast.acme) == 300
    with bound(cast.umbrella.pk), pytest.raises(DatabaseError), transaction.atomic():
        BillingDetails.objects.create(organization_id=cast.umbrella.pk, credit=7)
