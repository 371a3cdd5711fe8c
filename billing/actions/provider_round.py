"""A look at what a provider has, by the clock: for what its events did not tell, or told too early.

Events may be lost, and those of a customer who was just made come before we know of them. So every
living subscription is read anew, and the newest invoices; what is so already changes nothing.
"""

from __future__ import annotations

import datetime
import logging
from uuid import UUID

from django.db import connection

from audit.ledger import Actor
from billing.actions import provider as asked
from billing.actions.mirror import STRIPE, credit_keep, customer_of, method_mirror
from billing.actions.mirror_invoice import invoice_mirror, one_at_a_time
from billing.actions.mirror_subscription import subscription_mirror
from billing.actions.terms import subscription_turn
from billing.gateway import InvoiceStanding, gateway_of
from billing.models import Subscription
from billing.periods import DAY, today_here
from billing.queries.terms import held as held_now
from billing.queries.terms import planned
from orgs.tenancy import bound

log = logging.getLogger(__name__)


def organizations_at(provider: str) -> list[UUID]:
    """Where there is something to look after: asked across the wall, ids and nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organizations_at_provider(%s)", [provider])
        return [row[0] for row in cursor.fetchall()]


def provider_round(*, organization: UUID, actor: Actor = STRIPE) -> None:
    """Bring our rows of one organization up to what the provider has. Raises GatewayError."""
    provider = gateway_of("stripe")
    with bound(organization):
        customer = customer_of(organization)
        if not customer:
            return
        one_at_a_time(customer)
        # All is asked before anything is locked.
        held = [provider.subscription(living.provider_ref) for living in _living(organization)]
        invoices = provider.invoices(customer)
        method = provider.payment_method(customer)
        for invoice in invoices:
            credit_keep(organization=organization, facts=invoice, provider=provider)
        for facts in held:
            subscription_mirror(organization=organization, facts=facts, actor=actor)
        for invoice in reversed(invoices):
            if invoice.standing is not InvoiceStanding.DRAFT:
                invoice_mirror(organization=organization, facts=invoice, actor=actor)
        method_mirror(organization=organization, facts=method, provider=provider.code)


def planned_send(*, organization: UUID, actor: Actor = STRIPE) -> None:
    """Tell the provider on the last day of a month what holds from the next one on, and let it
    hold here once that has come. Raises ValidationError where the provider refuses."""
    today = today_here()
    with bound(organization):
        for living in _living(organization):
            if living.next_on is not None and living.next_on <= today + DAY:
                _tell(living)
            _turn(living, today, actor)


def _tell(living: Subscription) -> None:
    now = held_now(living)
    wanted = planned(living, now)
    # Charged from the renewal on, and nothing for the hours until then.
    asked.change(living, now, wanted, attempt=f"planned {living.next_on}", prorate=False)


def _turn(living: Subscription, today: datetime.date, actor: Actor) -> None:
    if living.next_on is not None and living.next_on <= today:
        subscription_turn(subscription=living, on=today, actor=actor)


def _living(organization: UUID) -> list[Subscription]:
    rows = Subscription.objects.in_org(organization).filter(provider="stripe")
    return list(rows.exclude(state=Subscription.State.ENDED))
