"""Invoices: issued once, with the next number, and then as they are."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit.events import Event
from audit.models import Event as Entry
from billing.actions.invoices import invoice_issue, invoice_make
from billing.models import BillingDetails, Invoice, InvoiceLine, Payment
from orgs.actions.organizations import organization_delete
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.bills import TODAY, charge, make_details, make_invoice, note, pay
from tests.factories import TEST, Cast

pytestmark = pytest.mark.usefixtures("issuer")


def drafted(organization: Organization, **fields: Any) -> Invoice:
    values: dict[str, Any] = {"kind": "invoice", "cause": "month 2026-10", "title": "October"}
    values |= {"charges": [charge()]} | fields
    return invoice_make(organization=organization.pk, **values)


def events(organization: Organization, event: Event) -> list[Entry]:
    with bound(organization.pk):
        rows = Entry.objects.filter(organization_id=organization.pk, action=event.value)
        return list(rows.order_by("sequence"))


@pytest.mark.requirement("S1-057")
def test_invoice_has_number_days_parties_and_tax(cast: Cast, settings: Any) -> None:
    make_details(cast.acme, country="DE", tax_id="", purchase_order="PO 4711")
    invoice = make_invoice(cast.acme, charge(10_001), charge(2))
    assert invoice.number == f"{settings.INVOICE_PREFIX}-2026-000001"
    assert (invoice.state, invoice.issued_on) == ("open", TODAY)
    assert invoice.due_on == TODAY + datetime.timedelta(days=14)
    assert (invoice.net, invoice.tax, invoice.gross) == (10_003, 1_901, 11_904)
    assert invoice.buyer["legal_name"] == "Acme Robotics SAS"
    assert invoice.seller["name"] == "Fernhill Platforms GmbH"
    assert invoice.purchase_order == "PO 4711"
    (entry,) = events(cast.acme, Event.INVOICE_ISSUED)
    assert json.loads(entry.body)["changes"]["amount"] == [None, "€119.04"]


def test_same_cause_is_the_same_invoice(cast: Cast) -> None:
    with bound(cast.acme.pk):
        first = drafted(cast.acme)
        assert drafted(cast.acme, charges=[charge(5)]).pk == first.pk
        invoice_issue(invoice=first, actor=TEST, today=TODAY)
        again = drafted(cast.acme)
        assert (again.pk, again.state) == (first.pk, "open")
        with pytest.raises(ValidationError, match="issued before"):
            invoice_issue(invoice=again, actor=TEST, today=TODAY)


def test_nothing_to_ask_for_is_no_invoice(cast: Cast) -> None:
    with bound(cast.acme.pk), pytest.raises(ValueError, match="at least one line"):
        drafted(cast.acme, charges=[])


def test_without_an_issuer_nothing_is_issued(cast: Cast, settings: Any) -> None:
    settings.ISSUER = dict.fromkeys(settings.ISSUER, "")
    with bound(cast.acme.pk):
        invoice = drafted(cast.acme)
        with pytest.raises(ValidationError, match="ISSUER_NAME") as refused:
            invoice_issue(invoice=invoice, actor=TEST, today=TODAY)
    assert refused.value.code == "no_issuer"


def test_details_count_as_of_the_day_of_issue(cast: Cast) -> None:
    """Moved abroad between draft and issue: another buyer, and another tax."""
    make_details(cast.acme, country="DE", tax_id="")
    with bound(cast.acme.pk):
        invoice = drafted(cast.acme)
        assert invoice.tax == 1_900
        make_details(cast.acme)
        issued = invoice_issue(invoice=invoice, actor=TEST, today=TODAY)
        line = issued.lines.in_org(cast.acme.pk).get()
    assert (issued.tax, issued.gross, issued.buyer["country"]) == (0, 10_000, "FR")
    assert (line.tax_category, line.tax_rate, line.text) == ("AE", 0, "Team, 4 seats")


def test_later_details_change_nothing(cast: Cast) -> None:
    make_details(cast.acme)
    invoice = make_invoice(cast.acme)
    make_details(cast.acme, legal_name="Something else", country="DE")
    with bound(cast.acme.pk):
        invoice.refresh_from_db()
    assert invoice.buyer["legal_name"] == "Acme Robotics SAS"


CHANGES = (
    "number = 'X-1'",
    "gross = gross + 1, net = net + 1",
    "title = 'Other'",
    "issued_on = '2020-01-01'",
    "due_on = '2030-01-01'",
    "buyer = '{}'",
    "seller = '{}'",
    "taxes = '[]'",
    "currency = 'USD'",
    "kind = 'top_up'",
    "state = 'draft'",
    "cause = 'other'",
    "reason = 'other'",
    "purchase_order = 'PO'",
    "provider = 'stripe'",
    "period_start = '2026-01-01'",
)


def execute(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_issued_is_never_rewritten(cast: Cast, change: str) -> None:
    invoice = make_invoice(cast.acme)
    with bound(cast.acme.pk), pytest.raises(DatabaseError, match=r"stays as it is|only open"):
        execute(f"UPDATE billing_invoice SET {change} WHERE id = %s", invoice.pk)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_invoiceline SET net = 1 WHERE invoice_id = %s",
        "DELETE FROM billing_invoiceline WHERE invoice_id = %s",
        "DELETE FROM billing_invoice WHERE id = %s",
        "UPDATE billing_payment SET amount = 1 WHERE invoice_id = %s",
        "DELETE FROM billing_payment WHERE invoice_id = %s",
        "INSERT INTO billing_invoiceline (id, organization_id, invoice_id, position, kind, text,"
        " quantity, unit, price, net, tax_category, tax_rate, parts) SELECT gen_random_uuid(),"
        " organization_id, id, 9, 'other', '', 1, 'C62', 1, 1, 'S', 19, '[]'"
        " FROM billing_invoice WHERE id = %s",
    ],
)
def test_lines_payments_and_rows_stay(cast: Cast, statement: str) -> None:
    invoice = make_invoice(cast.acme)
    pay(invoice, 1_000)
    with bound(cast.acme.pk), pytest.raises(DatabaseError, match=r"stays|permission denied"):
        execute(statement, invoice.pk)


def test_only_the_database_gives_a_number(cast: Cast) -> None:
    with bound(cast.acme.pk):
        invoice = drafted(cast.acme)
        with pytest.raises(DatabaseError, match="only invoice_issue"):
            execute(
                "UPDATE billing_invoice SET state = 'open', number = 'X-2026-000007',"
                " issued_on = '2026-11-01', due_on = '2026-11-15' WHERE id = %s",
                invoice.pk,
            )
        with pytest.raises(DatabaseError, match="begins as a draft"):
            execute(
                'INSERT INTO billing_invoice SELECT (jsonb_populate_record(i, \'{"state":'
                ' "open", "number": "X", "cause": "x"}\''
                " || jsonb_build_object('id', gen_random_uuid()))).* FROM billing_invoice i"
                " WHERE id = %s",
                invoice.pk,
            )


@pytest.mark.parametrize("table", ["billing_invoiceseries", "billing_issuedinvoice"])
def test_series_and_the_issuers_copies_are_out_of_reach(cast: Cast, table: str) -> None:
    make_invoice(cast.acme)
    with bound(cast.acme.pk), pytest.raises(DatabaseError, match="permission denied"):
        execute(f"SELECT * FROM {table}")


def test_nobody_issues_the_draft_of_another_organization(cast: Cast, settings: Any) -> None:
    with bound(cast.acme.pk):
        invoice = drafted(cast.acme)
    with bound(cast.umbrella.pk), connection.cursor() as cursor:
        cursor.execute("SELECT invoice_issue(%s, 'INV', %s, %s)", [invoice.pk, TODAY, TODAY])
        assert cursor.fetchone() == (None,)
        invoice.organization_id = cast.umbrella.pk
        with pytest.raises(Invoice.DoesNotExist):
            invoice_issue(invoice=invoice, actor=TEST, today=TODAY)


def test_a_series_is_of_one_prefix_and_one_year(cast: Cast, settings: Any) -> None:
    first = make_invoice(cast.acme, on=datetime.date(2026, 12, 31))
    second = make_invoice(cast.umbrella, on=datetime.date(2027, 1, 1))
    third = make_invoice(cast.acme, on=datetime.date(2027, 1, 1))
    numbers = [one.number.removeprefix(settings.INVOICE_PREFIX) for one in (first, second, third)]
    assert numbers == ["-2026-000001", "-2027-000001", "-2027-000002"]


@pytest.mark.requirement("S1-024")
def test_letter_goes_to_the_recipients_once_it_is_committed(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    make_details(cast.acme, recipients=["finance@acme.example", "books@acme.example"])
    with django_capture_on_commit_callbacks(execute=True):
        invoice = make_invoice(cast.acme)
        assert mail.outbox == []
    (letter,) = mail.outbox
    assert letter.to == ["finance@acme.example", "books@acme.example"]
    assert invoice.number in letter.subject
    assert "€100.00" in letter.body
    assert f"/o/{cast.acme.slug}/billing/invoices/{invoice.pk}/" in letter.body
    names = [(name, mime) for name, _, mime in letter.attachments]
    assert names == [
        (f"{invoice.number}.pdf", "application/pdf"),
        (f"{invoice.number}.xml", "application/xml"),
    ]
    assert letter.attachments[0][1].startswith(b"%PDF")
    (entry,) = events(cast.acme, Event.INVOICE_SENT)
    assert entry.target_id == invoice.pk


def test_without_recipients_the_owners_get_it(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        make_invoice(cast.acme)
    (letter,) = mail.outbox
    assert letter.to == [cast.alice.email]
    # Nobody knows the buyer's country, so the standard would refuse the XML: the PDF is sent alone.
    assert [mime for _, _, mime in letter.attachments] == ["application/pdf"]


def test_letter_that_does_not_go_out_is_not_recorded(
    cast: Cast, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    with django_capture_on_commit_callbacks(execute=True):
        invoice = make_invoice(cast.acme)
    assert invoice.number
    assert events(cast.acme, Event.INVOICE_SENT) == []


def test_deleted_organization_takes_its_invoices_and_leaves_the_issuers_copies(cast: Cast) -> None:
    make_details(cast.acme)
    invoice = make_invoice(cast.acme)
    pay(invoice, 1_000)
    now = timezone.now()
    with bound(cast.acme.pk):
        Organization.objects.filter(pk=cast.acme.pk).update(state="closing", closes_at=now)
        closed = {"state": (None, "closing"), "closes_at": (None, now)}
        note(cast.acme, Event.ORGANIZATION_CLOSED, closed)
    assert organization_delete(organization=cast.acme.pk, now=now, actor=TEST)
    with bound(cast.acme.pk):
        for model in (Invoice, InvoiceLine, Payment, BillingDetails):
            assert not model.objects.in_org(cast.acme.pk).exists()
