"""What the tests of webhooks share: one that leads to a receiver, and a visit to it."""

from __future__ import annotations

import datetime
import json
from typing import Any
from uuid import UUID

from django.db.models.functions import Now
from standardwebhooks import Webhook as Verifier

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from orgs.access import Access
from orgs.actions.deliveries import delivery_claim
from orgs.actions.webhooks import webhook_create
from orgs.deliveries import deliver
from orgs.models import Webhook, WebhookAttempt
from orgs.tenancy import bound
from tests.factories import TEST
from tests.receivers import Got, Receiver

SAID: dict[str, Any] = {"name": "Collector", "areas": [], "format": "entry"}


def make_webhook(
    actor: Access, url: str, *, whole_log: bool = False, **said: Any
) -> tuple[Webhook, str]:
    """A webhook and its secret, as an Owner sets it up."""
    return webhook_create(said=SAID | {"url": url} | said, whole_log=whole_log, actor=actor)


def write(organization: UUID, number: int = 1, event: Event = Event.AUDIT_READ) -> None:
    """So many more entries in the log."""
    with bound(organization):
        for _ in range(number):
            target = Target("organization", organization, "Acme")
            ledger.record(event, organization=organization, actor=TEST, target=target)


def visit(webhook: Webhook) -> bool:
    """What the job does for this webhook, if something is due."""
    claim = delivery_claim(organization=webhook.organization_id, webhook=webhook.pk)
    if claim is not None:
        deliver(claim)
    return claim is not None


def now_of(webhook: Webhook) -> Webhook:
    with bound(webhook.organization_id):
        return Webhook.objects.get(pk=webhook.pk)


def attempts_of(webhook: Webhook) -> list[WebhookAttempt]:
    """Newest first."""
    with bound(webhook.organization_id):
        return list(WebhookAttempt.objects.filter(webhook=webhook).order_by("-id"))


def let_time_pass(webhook: Webhook, **ago: float) -> None:
    """As if that much time had gone by: what was to come then moves nearer."""
    with bound(webhook.organization_id):
        found = Webhook.objects.get(pk=webhook.pk)
        gone = datetime.timedelta(**ago)
        Webhook.objects.filter(pk=webhook.pk).update(
            next_try_at=found.next_try_at - gone,
            lease_until=found.lease_until - gone if found.lease_until else None,
            old_ends_at=found.old_ends_at - gone if found.old_ends_at else None,
        )


def wait_of(webhook: Webhook) -> float:
    """Seconds to the next try."""
    with bound(webhook.organization_id):
        found = Webhook.objects.annotate(now=Now()).get(pk=webhook.pk)
    return (found.next_try_at - found.now).total_seconds()


def sequences(receiver: Receiver) -> list[int]:
    return [said(got)["data"]["sequence"] for got in receiver.got]


def said(got: Got) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(got.body)
    return message


def verified(secret: str, got: Got) -> Any:
    """As the official library reads it; raises when the signature does not hold."""
    return Verifier(secret).verify(got.body, got.headers)
