"""Invoices: the list, one of them, and its documents. HTTP only: get, ask, act, show."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from audit.events import Event
from billing.actions.invoice_exports import invoices_export
from billing.documents.pdf import invoice_pdf as written_pdf
from billing.documents.rules import PaperError
from billing.documents.xml import invoice_xml as written_xml
from billing.invoice_pages import list_context, page_context
from billing.models import Invoice
from billing.periods import today_here
from billing.queries.papers import file_name, paper_of
from config.gate import gate
from config.requests import asks_part
from config.roles import Permission
from orgs.tenancy import OrgRequest


@gate(Permission.BILLING_VIEW_INVOICES)
@require_safe
def invoice_list(request: OrgRequest, slug: str) -> HttpResponse:
    """What was issued, by year and state, and what comes next (S1-024, S1-063, S4-050)."""
    partial = asks_part(request)
    template = "billing/invoice_list.html#list" if partial else "billing/invoice_list.html"
    return render(request, template, list_context(request))


@gate(Permission.BILLING_VIEW_INVOICES, records=Event.INVOICES_EXPORTED)
@require_safe
def invoice_export(request: OrgRequest, slug: str) -> HttpResponse:
    """Everything of a year as CSV."""
    said = request.GET.get("year", "")
    year = int(said) if said.isascii() and said.isdigit() and len(said) == 4 else 0
    year = year if year >= 1000 else today_here().year
    org = request.org
    text = invoices_export(
        organization=org.id, name=org.name, year=year, actor=request.access.identity
    )
    return _file(f"{slug}-invoices-{year}.csv", text.encode(), "text/csv; charset=utf-8")


@gate(Permission.BILLING_VIEW_INVOICES)
@require_safe
def invoice_view(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    """One of them, as the document reads."""
    invoice = _issued(request, pk)
    return render(request, "billing/invoice_view.html", page_context(invoice, request.access))


@gate(Permission.BILLING_VIEW_INVOICES)
@require_safe
def invoice_pdf(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    invoice = _issued(request, pk)
    if invoice.provider != "transfer":
        # Whoever issued it has its document: a second one under that number would be another.
        return _elsewhere(invoice)
    paper = paper_of(invoice)
    try:
        xml = written_xml(paper)
    except PaperError:
        xml = None  # A page to read, without the part for machines.
    return _file(file_name(invoice, "pdf"), written_pdf(paper, xml), "application/pdf")


@gate(Permission.BILLING_VIEW_INVOICES)
@require_safe
def invoice_xml(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    invoice = _issued(request, pk)
    if invoice.provider != "transfer":
        return _elsewhere(invoice)
    try:
        xml = written_xml(paper_of(invoice))
    except PaperError as error:
        messages.error(request, f"There is no XML of {invoice}. {error.broken[0]}")
        return redirect("invoice_view", slug, pk)
    return _file(file_name(invoice, "xml"), xml, "application/xml")


def _issued(request: OrgRequest, pk: UUID) -> Invoice:
    rows = Invoice.objects.in_org(request.org.id).exclude(state=Invoice.State.DRAFT)
    return get_object_or_404(rows.select_related("corrects"), pk=pk)


def _elsewhere(invoice: Invoice) -> HttpResponse:
    if not invoice.provider_url.startswith("https://"):
        raise Http404
    return redirect(invoice.provider_url)


def _file(name: str, content: bytes, mime: str) -> HttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(content, content_type=mime, headers={"Content-Disposition": disposition})
