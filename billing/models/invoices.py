"""Invoices, credit notes and top-ups: what was asked for, and what was paid."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from billing.models.subscriptions import LARGEST
from billing.periods import today_here
from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.references import key as reference
from projects.models.references import organization_of_record


class Invoice(TenantModel):
    """What an organization is asked to pay, in minor units of its currency.

    A draft has no number and may change. Issuing (`invoice_issue`, in the database) gives it the
    next number of its issuer, without gaps; from then on only its state and what is paid change,
    and it is never deleted but with its organization. An open one past its day is overdue.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        CREDIT_NOTE = "credit_note", "Credit note"
        TOP_UP = "top_up", "Credit top-up"

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        OPEN = "open", "Open"
        PAID = "paid", "Paid"
        VOID = "void", "Void"

    organization = organization_of_record()
    kind = models.TextField(choices=Kind, default=Kind.INVOICE)
    state = models.TextField(choices=State, default=State.DRAFT)
    number = models.TextField(blank=True, default="")
    cause = models.TextField(help_text="Why there is one, so that there is one: “month 2026-10”.")
    title = models.TextField(blank=True, default="", help_text="“Seats and usage, October 2026”.")
    currency = models.TextField()
    period_start = models.DateField(null=True, blank=True)
    period_end = models.DateField(null=True, blank=True, help_text="The first day after it.")
    issued_on = models.DateField(null=True, blank=True)
    due_on = models.DateField(null=True, blank=True)
    settled_on = models.DateField(null=True, blank=True, help_text="Paid or void since.")
    seller = models.JSONField(default=dict, help_text="As of the day it was issued.")
    buyer = models.JSONField(default=dict, help_text="As of the day it was issued.")
    purchase_order = models.TextField(blank=True, default="")
    corrects = reference("billing.Invoice", name="corrections", null=True)
    reason = models.TextField(blank=True, default="")
    net = models.BigIntegerField(default=0)
    tax = models.BigIntegerField(default=0)
    gross = models.BigIntegerField(default=0)
    taxes = models.JSONField(default=list, help_text="Category, rate, net, tax and exemption.")
    paid = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="Kept by trigger."
    )
    reminders = models.SmallIntegerField(default=0)
    reminded_at = models.DateTimeField(null=True, blank=True)
    provider = models.TextField(default="transfer")
    provider_ref = models.TextField(blank=True, default="")
    provider_url = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet["Invoice"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "cause"], name="invoice_once"),
            models.UniqueConstraint(
                fields=["organization", "number"],
                condition=~Q(number=""),
                name="invoice_number_once",
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | ~Q(number=""), name="invoice_issued_has_a_number"
            ),
            models.CheckConstraint(
                condition=Q(state="draft") | Q(issued_on__isnull=False, due_on__isnull=False),
                name="invoice_issued_has_days",
            ),
            models.CheckConstraint(
                condition=Q(gross=F("net") + F("tax"))
                & Q(gross__gte=0, gross__lte=LARGEST, tax__gte=0),
                name="invoice_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(paid__gte=0, paid__lte=F("gross")), name="invoice_paid"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("invoice", "credit_note", "top_up"))
                & Q(state__in=("draft", "open", "paid", "void")),
                name="invoice_codes",
            ),
            models.CheckConstraint(
                condition=~Q(kind="credit_note") | Q(corrects__isnull=False),
                name="invoice_credit_note_corrects",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-issued_on", "-id"], name="invoice_by_day"),
            models.Index(fields=["due_on"], condition=Q(state="open"), name="invoice_open"),
        ]

    def __str__(self) -> str:
        return self.number or "Draft"

    @property
    def due(self) -> int:
        """What is still to be paid; nothing of a credit note."""
        is_asked = self.state == self.State.OPEN and self.kind != self.Kind.CREDIT_NOTE
        return self.gross - self.paid if is_asked else 0

    @property
    def is_overdue(self) -> bool:
        return self.due > 0 and self.due_on is not None and self.due_on < today_here()


class InvoiceLine(TenantModel):
    """One line: so many of something at a price, and its sum without tax."""

    class Kind(models.TextChoices):
        BASE = "base", "Plan"
        SEATS = "seats", "Seats"
        USAGE = "usage", "Usage"
        CREDIT = "credit", "Credit"
        OTHER = "other", "Other"

    organization = organization_of_record()
    invoice = reference("billing.Invoice", name="lines")
    position = models.IntegerField()
    kind = models.TextField(choices=Kind)
    text = models.TextField()
    quantity = models.DecimalField(max_digits=20, decimal_places=6, default=1)
    unit = models.TextField(default="C62", help_text="UN/ECE Recommendation 20.")
    price = models.DecimalField(max_digits=24, decimal_places=6, help_text="Of one, in whole units")
    net = models.BigIntegerField(help_text="Minor units.")
    tax_category = models.TextField(help_text="UNCL 5305: S, AE, E, G, O, Z.")
    tax_rate = models.DecimalField(max_digits=5, decimal_places=2)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True, help_text="Its last day.")
    parts = models.JSONField(default=list, help_text="What usage is made of: name and nano-units.")

    objects = TenantQuerySet["InvoiceLine"].as_manager()

    class Meta:
        default_permissions = ()
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "invoice", "position"], name="invoice_line_once"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Payment(TenantModel):
    """Money, or credit, that came in for an invoice. Only added."""

    class Method(models.TextChoices):
        TRANSFER = "transfer", "Bank transfer"
        CREDIT = "credit", "Credit"
        STRIPE = "stripe", "Stripe"
        OFFSET = "offset", "Credit note"

    organization = organization_of_record()
    invoice = reference("billing.Invoice", name="payments")
    method = models.TextField(choices=Method)
    amount = models.BigIntegerField()
    received_on = models.DateField()
    reference = models.TextField(help_text="The bank's or the provider's, once an invoice.")
    created_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet["Payment"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "invoice", "method", "reference"], name="payment_once"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lte=LARGEST), name="payment_amount"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} by {self.method}"


class InvoiceSeries(models.Model):
    """The last number of an issuer's series. The database's functions alone write it."""

    name = models.TextField(primary_key=True)
    last = models.IntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


class IssuedInvoice(models.Model):
    """The issuer's own copy of what was issued, kept when an organization is long gone."""

    number = models.TextField(primary_key=True)
    organization = models.UUIDField()
    issued_on = models.DateField()
    document = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.number
