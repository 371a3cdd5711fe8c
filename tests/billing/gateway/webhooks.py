"""A Stripe to be told by: an organization that is its customer, and signed events at our door."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from audit import ledger
from audit.events import Event
from audit.ledger import SYSTEM, Target
from audit.models import Event as Row
from audit.models import Particulars
from billing.models import BillingDetails, Invoice, Subscription, WebhookEvent
from orgs.models import Notice, Organization
from orgs.tenancy import bound
from tests.billing.gateway.recorded import (
    NOON,
    Recorded,
    a_customer,
    a_method,
    a_subscription,
    an_invoice,
    an_item,
)

SECRET = "whsec_of_nobody"
_numbers = itertools.count(time.time_ns() // 10**6 % 10**10)


def org_of(told: Told) -> Organization:
    with bound(told.org.pk):
        return Organization.objects.get(pk=told.org.pk)


def signature(body: bytes, *, secret: str = SECRET, at: int | None = None) -> str:
    moment = int(time.time()) if at is None else at
    mac = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return f"t={moment},v1={mac.hexdigest()}"


@dataclass
class Told:
    """One organization that is a customer at the recorded Stripe."""

    org: Organization
    stripe: Recorded
    number: int = field(default_factory=lambda: next(_numbers))

    def __post_init__(self) -> None:
        self.customer = f"cus_{self.number}"
        self.sub = f"sub_{self.number}"
        with bound(self.org.pk):
            BillingDetails.objects.create(
                organization=self.org, legal_name="Acme GmbH", provider_customer=self.customer
            )
            ledger.record(
                Event.PAYMENT_METHOD_CHANGED,
                organization=self.org.pk,
                actor=SYSTEM,
                target=Target("organization", self.org.pk, self.org.name),
                changes={"method": (None, "Stripe")},
            )
        self.stripe.answer(f"GET /v1/customers/{self.customer}", a_customer(self.customer))
        self.stripe.answer("GET /v1/payment_methods/pm_1", a_method())

    # --- What Stripe has ----------------------------------------------------------------------

    def subscription(self, *, price: str = "price_team", seats: int = 5, **changed: Any) -> None:
        said = a_subscription(an_item(price, seats), id=self.sub, customer=self.customer, **changed)
        self.stripe.answers["GET", f"/v1/subscriptions/{self.sub}"] = [(200, said)]

    def invoice(self, *lines: dict[str, Any], ref: str = "", **changed: Any) -> str:
        ref = ref or f"in_{self.number}"
        said = {"id": ref, "customer": self.customer, "number": f"N-{ref}"} | changed
        said.setdefault("parent", {"subscription_details": {"subscription": self.sub}})
        self.stripe.answers["GET", f"/v1/invoices/{ref}"] = [(200, an_invoice(*lines, **said))]
        return ref

    # --- What Stripe tells --------------------------------------------------------------------

    def event(self, kind: str, about: str = "", **changed: Any) -> dict[str, Any]:
        about = about or self.sub
        # "customer.subscription.created" is about a subscription, "invoice.paid" about an invoice.
        noun = kind.rpartition(".")[0]
        told = {"id": about, "object": noun.removeprefix("customer."), "customer": self.customer}
        return {
            "id": f"evt_{next(_numbers)}",
            "object": "event",
            "type": kind,
            "created": NOON,
            "data": {"object": told},
        } | changed

    def tell(self, kind: str, about: str = "", **changed: Any) -> HttpResponse:
        return post(self.event(kind, about, **changed))

    # --- What we have -------------------------------------------------------------------------

    def living(self) -> Subscription | None:
        with bound(self.org.pk):
            return Subscription.objects.in_org(self.org).exclude(state="ended").first()

    def held(self) -> list[Subscription]:
        with bound(self.org.pk):
            return list(Subscription.objects.in_org(self.org).order_by("started_on"))

    def invoices(self) -> list[Invoice]:
        with bound(self.org.pk):
            return list(Invoice.objects.in_org(self.org).order_by("created_at"))

    def events(self) -> int:
        with bound(self.org.pk):
            return WebhookEvent.objects.in_org(self.org).count()

    def details(self) -> BillingDetails:
        with bound(self.org.pk):
            return BillingDetails.objects.in_org(self.org).get()

    def notices(self) -> list[str]:
        with bound(self.org.pk):
            return list(Notice.objects.in_org(self.org).values_list("text", flat=True))

    def deeds(self) -> list[str]:
        """What Stripe did, by the ledger."""
        with bound(self.org.pk):
            words = Particulars.objects.filter(organization_id=self.org.pk)
            by_stripe = {
                row.sequence for row in words if json.loads(row.words or "{}")["actor"] == "Stripe"
            }
            rows = Row.objects.filter(organization_id=self.org.pk).order_by("sequence")
            return [row.action for row in rows if row.sequence in by_stripe]


def post(said: Any, *, body: bytes | None = None, header: str | None = None) -> HttpResponse:
    body = json.dumps(said).encode() if body is None else body
    header = signature(body) if header is None else header
    return Client(enforce_csrf_checks=True).post(
        reverse("stripe_webhook"),
        data=body,
        content_type="application/json",
        headers={"Stripe-Signature": header},
    )
