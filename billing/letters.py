"""Letters about invoices, to whom the billing details name, or to the owners.

An invoice is rendered and posted after its commit: while a number is being given, every other
issue waits for it. What a letter says is in templates/mail/.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from audit import ledger
from audit.events import Event
from audit.ledger import SYSTEM, Target
from billing.documents.pdf import invoice_pdf
from billing.documents.rules import PaperError
from billing.documents.xml import invoice_xml
from billing.models import BillingDetails, Invoice
from billing.queries.papers import file_name, paper_of
from config.moments import format_money
from orgs.models import Organization
from orgs.tenancy import bound
from projects.queries.owners import organization_owners

log = logging.getLogger(__name__)

Letter = Callable[[Invoice, Organization], EmailMultiAlternatives]
MOST_OWNERS = 10


def invoice_post(invoice: Invoice) -> None:
    """Send the invoice once it is committed; a rollback sends nothing. A failure is logged."""
    _post(invoice, _invoice_letter)


def reminder_post(invoice: Invoice) -> None:
    """Send the reminder that was just counted."""
    _post(invoice, _reminder_letter)


def recipients_of(organization: UUID) -> list[str]:
    """The recipients of the billing details; without any, the active owners."""
    rows = BillingDetails.objects.in_org(organization).values_list("recipients", flat=True)
    if named := rows.first():
        return list(named)
    return [owner.email for owner in organization_owners(organization) if owner.email][:MOST_OWNERS]


def _post(invoice: Invoice, write: Letter) -> None:
    def after_commit() -> None:
        _posted(invoice.organization_id, invoice.pk, write)

    transaction.on_commit(after_commit, robust=True)


def _posted(organization: UUID, pk: UUID, write: Letter) -> None:
    with bound(organization):
        invoice = Invoice.objects.in_org(organization).select_related("corrects").get(pk=pk)
        to = recipients_of(organization)
        letter = write(invoice, Organization.objects.get(pk=organization)) if to else None
    if letter is None:
        log.warning("Nobody is to get %s of the organization %s", invoice, organization)
        return
    letter.to = to
    try:
        letter.send()
    except OSError:  # smtplib's errors are OSErrors too
        log.exception("%s was not sent", invoice)
        return
    if write is _invoice_letter:
        _remember(invoice, to)


def _remember(invoice: Invoice, to: list[str]) -> None:
    with bound(invoice.organization_id):
        ledger.record(
            Event.INVOICE_SENT,
            organization=invoice.organization_id,
            actor=SYSTEM,
            target=Target("invoice", invoice.pk, invoice.number),
            changes={"to": (None, ", ".join(to))},
        )


def _invoice_letter(invoice: Invoice, organization: Organization) -> EmailMultiAlternatives:
    kind = Invoice.Kind(invoice.kind).label
    letter = _letter(
        "mail/invoice", f"{kind} {invoice.number} for {organization.name}", invoice, organization
    )
    for name, content, mime in documents_of(invoice):
        letter.attach(name, content, mime)
    return letter


def _reminder_letter(invoice: Invoice, organization: Organization) -> EmailMultiAlternatives:
    subject = f"Please pay {invoice.number}, due {invoice.due_on:%-d %B %Y}"
    return _letter("mail/invoice_reminder", subject, invoice, organization)


def documents_of(invoice: Invoice) -> list[tuple[str, bytes, str]]:
    """PDF and XML by name; the XML is left out where the standard would refuse it."""
    paper = paper_of(invoice)
    try:
        xml = invoice_xml(paper)
    except PaperError as error:
        log.warning("%s has no XML: %s", invoice, error)
        xml = b""
    found = [(file_name(invoice, "pdf"), invoice_pdf(paper, xml or None), "application/pdf")]
    return found + ([(file_name(invoice, "xml"), xml, "application/xml")] if xml else [])


def _letter(
    template: str, subject: str, invoice: Invoice, organization: Organization
) -> EmailMultiAlternatives:
    path = reverse("invoice_view", args=[organization.slug, invoice.pk])
    context: dict[str, Any] = {
        "invoice": invoice,
        "organization": organization.name,
        "gross": format_money(invoice.gross, invoice.currency),
        "due": format_money(invoice.due, invoice.currency),
        "seller": invoice.seller,
        "link": f"{settings.PUBLIC_URL}{path}",
    }
    letter = EmailMultiAlternatives(
        subject=" ".join(subject.split()), body=render_to_string(f"{template}.txt", context)
    )
    letter.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    return letter
