"""What a provider tells, and what follows: each event once, in any order.

An event only says where to look. Its id is kept in the transaction of its effect; the object is
read anew under a lock of its customer, so the newest state is written whichever event came first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from billing.actions.mirror_draft import usage_put
from billing.actions.mirror_invoice import invoice_mirror, one_at_a_time
from billing.actions.mirror_subscription import subscription_mirror
from billing.gateway import (
    Gateway,
    GatewayError,
    InvoiceFacts,
    InvoiceStanding,
    MethodFacts,
    ProviderEvent,
    Topic,
)
from billing.models import BillingDetails, Invoice, WebhookEvent
from config.database import constraint_of
from orgs.actions.notices import notify
from orgs.models import Organization
from orgs.tenancy import bound
from projects.queries.owners import organization_owners

log = logging.getLogger(__name__)

STRIPE = Actor("system", None, "Stripe")


def event_take(event: ProviderEvent, *, provider: Gateway) -> bool:
    """Let the event have its effect, once; False where it has none.

    An account may serve other programs too, so the customer of nobody here is no fault. Raises
    GatewayError where the provider cannot be asked: nothing is kept then, and it tells again.
    """
    effect = EFFECTS.get(event.topic)
    organization = organization_of(event.customer) if effect else None
    if effect is None or organization is None:
        return False
    with bound(organization):
        if not _is_first(organization, event, provider):
            return False
        one_at_a_time(event.customer)
        try:
            effect(organization, event, provider)
        except GatewayError as error:
            if error.code != "unknown":
                raise
            log.warning("%s of %s is not at %s any more", event.object, event.id, provider.label)
    return True


def organization_of(customer: str) -> UUID | None:
    """Whose customer this is: asked across the wall, an id and nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_of_customer(%s)", [customer])
        found = cursor.fetchone()
    return found[0] if found else None


def customer_of(organization: UUID) -> str:
    rows = BillingDetails.objects.in_org(organization)
    return rows.values_list("provider_customer", flat=True).first() or ""


def _is_first(organization: UUID, event: ProviderEvent, provider: Gateway) -> bool:
    try:
        with transaction.atomic():
            WebhookEvent.objects.create(
                organization_id=organization,
                provider=provider.code,
                event=event.id,
                kind=event.type,
                made_at=event.made_at,
            )
    except IntegrityError as error:
        if constraint_of(error) != "webhook_event_once":
            raise
        return False
    return True


def _subscription(organization: UUID, event: ProviderEvent, provider: Gateway) -> None:
    facts = provider.subscription(event.object)
    if _is_theirs(facts.customer, event):
        subscription_mirror(organization=organization, facts=facts, actor=STRIPE)


def _invoice(organization: UUID, event: ProviderEvent, provider: Gateway) -> None:
    facts = provider.invoice(event.object)
    if not _is_theirs(facts.customer, event):
        return
    if facts.standing is InvoiceStanding.DRAFT:
        usage_put(organization=organization, facts=facts, provider=provider)
        return
    # All is asked before anything is locked.
    standing = provider.subscription(facts.subscription) if facts.subscription else None
    credit_keep(organization=organization, facts=facts, provider=provider)
    invoice = invoice_mirror(organization=organization, facts=facts, actor=STRIPE)
    if standing is not None:
        subscription_mirror(organization=organization, facts=standing, actor=STRIPE)
    if event.is_failed_payment and invoice.state == Invoice.State.OPEN:
        _tell_owners(organization, invoice)


def _payment_method(organization: UUID, event: ProviderEvent, provider: Gateway) -> None:
    found = provider.payment_method(event.customer)
    method_mirror(organization=organization, facts=found, provider=provider.code)


def _checkout(organization: UUID, event: ProviderEvent, provider: Gateway) -> None:
    provider.checkout_finish(event.object)
    _payment_method(organization, event, provider)


EFFECTS: dict[Topic, Callable[[UUID, ProviderEvent, Gateway], None]] = {
    Topic.SUBSCRIPTION: _subscription,
    Topic.INVOICE: _invoice,
    Topic.PAYMENT_METHOD: _payment_method,
    Topic.CHECKOUT: _checkout,
}


def credit_keep(*, organization: UUID, facts: InvoiceFacts, provider: Gateway) -> None:
    """What a paid top-up bought counts at the provider too, once it is known here for paid.

    The provider is told first, under a key of the invoice's: whatever breaks off is done again.
    """
    if not facts.is_top_up or facts.standing is not InvoiceStanding.PAID:
        return
    rows = Invoice.objects.in_org(organization).filter(provider_ref=facts.ref)
    if not rows.filter(state=Invoice.State.PAID).exists():
        provider.credit_keep(
            customer=facts.customer,
            amount=facts.net,
            currency=facts.currency,
            invoice=facts.ref,
        )


@transaction.atomic
def method_mirror(*, organization: UUID, facts: MethodFacts | None, provider: str) -> None:
    """How the customer pays, as one may show it."""
    method, label = (provider, facts.label) if facts else ("transfer", "")
    details = BillingDetails.objects.in_org(organization).select_for_update().first()
    if details is None or (details.method, details.method_label) == (method, label):
        return
    before, details.method, details.method_label = details.method_label, method, label
    details.save(update_fields=["method", "method_label"])
    name = Organization.objects.values_list("name", flat=True).get(pk=organization)
    ledger.record(
        Event.PAYMENT_METHOD_CHANGED,
        organization=organization,
        actor=STRIPE,
        target=Target("organization", organization, name),
        changes={"method": (before or None, label or "Bank transfer")},
    )


def _is_theirs(customer: str, event: ProviderEvent) -> bool:
    """What is read anew belongs to the customer of the event, or it is not looked at."""
    if customer != event.customer:
        log.error("%s names %s, which belongs to another customer", event.id, event.object)
    return customer == event.customer


def _tell_owners(organization: UUID, invoice: Invoice) -> None:
    slug = Organization.objects.values_list("slug", flat=True).get(pk=organization)
    notify(
        organization=organization,
        members=organization_owners(organization),
        text=f"{invoice} could not be charged. Look at the payment method.",
        path=reverse("billing_overview", args=[slug]),
        key=f"payment-failed:{invoice.provider_ref}",
    )
