"""Whether a subscription is in good standing: past due from the first reminder until all is paid.

The one place that changes it by what is owed here. A provider of its own tells its own.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from audit import ledger
from audit.events import Event
from audit.ledger import Actor
from billing.actions.terms import locked, target_of
from billing.models import Invoice, Subscription

State = Subscription.State


@transaction.atomic
def standing_review(*, organization: UUID, actor: Actor) -> None:
    """Set the living subscription to past due or active, by its reminded invoices (S1-057)."""
    _, subscription = locked(organization)
    if subscription is None or subscription.provider != "transfer":
        return
    reminded = Invoice.objects.in_org(organization).filter(
        state=Invoice.State.OPEN, reminders__gt=0
    )
    state = State.PAST_DUE if reminded.exists() else State.ACTIVE
    if subscription.state == state:
        return
    before, subscription.state = subscription.state, state
    subscription.save(update_fields=["state"])
    ledger.record(
        Event.SUBSCRIPTION_STATE_CHANGED,
        organization=organization,
        actor=actor,
        target=target_of(subscription),
        changes={"state": (State(before).label, State(state).label)},
    )
