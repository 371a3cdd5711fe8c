"""Whom invoices are for, how they are paid, and credit that was paid ahead."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from billing.countries import country_name
from config.text import EMAIL_LENGTH, NAME_LENGTH
from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.references import key as reference
from projects.models.references import organization_of_record

MOST_RECIPIENTS = 10
PARTY = (
    *("legal_name", "street", "street_2", "postcode", "city", "region", "country", "tax_id"),
    "purchase_order",
)
"""What stands on invoices."""
FIELDS = (*PARTY, "recipients")
"""What people say; deeds and triggers keep the rest."""


class BillingDetails(TenantModel):
    """One row an organization: the buyer as invoices name it, who gets them, and the balance."""

    organization = organization_of_record()
    legal_name = models.CharField(max_length=NAME_LENGTH, blank=True, default="")
    street = models.CharField(max_length=200, blank=True, default="")
    street_2 = models.CharField(max_length=200, blank=True, default="")
    postcode = models.CharField(max_length=20, blank=True, default="")
    city = models.CharField(max_length=100, blank=True, default="")
    region = models.CharField(max_length=100, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="", help_text="ISO 3166-1.")
    tax_id = models.CharField(max_length=40, blank=True, default="")
    purchase_order = models.CharField(max_length=100, blank=True, default="")
    recipients = ArrayField(models.EmailField(max_length=EMAIL_LENGTH), default=list, blank=True)
    credit = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="Minor units; kept by trigger."
    )
    provider_customer = models.TextField(blank=True, default="")
    method = models.TextField(default="transfer", db_default="transfer")
    method_label = models.TextField(blank=True, default="", db_default="")
    changed_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet["BillingDetails"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization"], name="details_once"),
            models.CheckConstraint(
                condition=Q(credit__gte=0),
                name="details_credit",
                violation_error_message="There is not so much credit.",
            ),
            models.CheckConstraint(
                condition=Q(recipients__len__lte=MOST_RECIPIENTS), name="details_recipients"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["provider_customer"],
                condition=~Q(provider_customer=""),
                name="details_by_customer",
            ),
        ]

    def __str__(self) -> str:
        return self.legal_name

    @property
    def address(self) -> list[str]:
        """As a letter has it, without what was left out."""
        place = " ".join(filter(None, (self.postcode, self.city)))
        country = country_name(self.country)
        return list(filter(None, (self.street, self.street_2, place, self.region, country)))

    @property
    def mark(self) -> str:
        """What a form remembers, to notice that somebody changed the details meanwhile."""
        said = [getattr(self, name) for name in FIELDS]
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


class CreditEntry(TenantModel):
    """A change of the prepaid balance; the sum of all is `BillingDetails.credit`. Only added."""

    class Kind(models.TextChoices):
        TOPPED_UP = "topped_up", "Top-up"
        USED = "used", "Used for an invoice"
        GIVEN = "given", "Given"
        RETURNED = "returned", "Returned"

    organization = organization_of_record()
    kind = models.TextField(choices=Kind)
    amount = models.BigIntegerField(help_text="Minor units; below zero where credit is used.")
    invoice = reference("billing.Invoice", null=True)
    reason = models.TextField(blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet["CreditEntry"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(amount=0) & Q(amount__gt=-(10**13), amount__lt=10**13),
                name="credit_amount",
            ),
            models.UniqueConstraint(
                fields=["organization", "invoice", "kind"],
                condition=Q(invoice__isnull=False),
                name="credit_once_an_invoice",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
