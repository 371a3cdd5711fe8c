"""The deed of going to a provider's page to change how one pays. What came of it, it tells itself
(`mirror.py`)."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from billing.actions import provider
from billing.gateway import deed_key, gateway
from billing.queries.subscriptions import subscription_of
from config.roles import Permission
from orgs.access import Access, require


@transaction.atomic
def payment_page_open(*, back: str, actor: Access, attempt: str) -> str:
    """The address of the provider's page: its portal for who pays that way already, else the one
    on which to add a method (S3-063).

    Raises ValidationError: `forbidden`, `not_offered`, and what the provider refuses.
    """
    require(actor, Permission.BILLING_MANAGE_PAYMENT_METHODS)
    asked = gateway()
    if not asked.has_pages:
        raise ValidationError("There is nothing to choose: invoices are paid by transfer.", "none")
    living = subscription_of(actor.org.id)
    with provider.refusing():
        customer = provider.customer_of(actor, attempt=attempt)
        if living is not None and living.provider == asked.code:
            page = asked.portal_url(customer=customer, back=back)
        else:
            page = asked.checkout_url(
                organization=actor.org.id,
                customer=customer,
                currency=settings.CURRENCY,
                back=back,
                key=deed_key("checkout", actor.org.id, attempt),
            )
    ledger.record(
        Event.PAYMENT_PAGE_OPENED,
        organization=actor.org.id,
        actor=actor.identity,
        target=Target("organization", actor.org.id, actor.org.name),
        changes={"provider": (None, asked.label)},
    )
    return page
