"""Deeds of the delivering: taking a webhook, moving its position on, and what came of it.

Each is a transaction of its own, and none is open while anything is sent. Whoever has lost the
lease changes nothing any more, so that two are never at one webhook. The sending is in
`orgs/deliveries.py`; what people do with webhooks, in `webhooks.py`.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from uuid6 import uuid7

from audit import ledger
from audit.events import Event
from audit.ledger import SYSTEM, Target
from config import vault
from config.prepared import prepared_row
from config.roles import Role
from orgs.actions.notices import notify
from orgs.actions.webhooks import keys_of
from orgs.models import Membership, Organization, Webhook, WebhookAttempt
from orgs.tenancy import bound

LEASE = datetime.timedelta(seconds=60)
"""Longer than one message may take; each that arrives begins it anew."""

MINUTE, HOUR = 60, 3600
WAITS = (5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Seconds to the next try after each failure, as Standard Webhooks advises: three days in all."""

_MOVE = "SELECT * FROM webhook_move(%s, %s, %s, %s, %s::integer)"

KEPT, KEPT_FOR = 200, datetime.timedelta(days=30)
GONE = 410


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A webhook as it was when it was taken; `keys` is empty when its secret cannot be opened."""

    organization: UUID
    webhook: UUID
    lease: UUID
    name: str
    url: str
    areas: tuple[str, ...]
    format: str
    is_active: bool
    position: int
    test_at: datetime.datetime | None
    keys: tuple[str, ...] = field(repr=False)


def webhooks_due(*, most: int) -> list[tuple[UUID, UUID]]:
    """Organization and id of the webhooks that something waits for. One query, bound to nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id, webhook_id FROM webhooks_due(%s)", [most])
        return [(organization, webhook) for organization, webhook in cursor.fetchall()]


def delivery_claim(*, organization: UUID, webhook: UUID) -> Claim | None:
    """Take it, for as long as the lease; None when somebody else has it or nothing is due."""
    with bound(organization):
        free = Q(lease_until=None) | Q(lease_until__lte=Now())
        due = Q(test_at__isnull=False) | Q(state=Webhook.State.ACTIVE, next_try_at__lte=Now())
        rows = Webhook.objects.in_org(organization).filter(free, due, pk=webhook)
        is_time = ExpressionWrapper(Q(next_try_at__lte=Now()), output_field=BooleanField())
        timed = rows.annotate(is_time=is_time)
        found = timed.select_for_update(skip_locked=True, of=("self",)).first()
        if found is None:
            return None
        lease = uuid7()
        rows.update(lease=lease, lease_until=Now() + LEASE)
        return Claim(
            organization=organization,
            webhook=found.pk,
            lease=lease,
            name=found.name,
            url=found.url,
            areas=tuple(found.areas),
            format=found.format,
            is_active=found.state == Webhook.State.ACTIVE and found.is_time,
            position=found.position,
            test_at=found.test_at,
            keys=_keys(found),
        )


def delivery_move(*, claim: Claim, position: int, status: int | None = None) -> int | None:
    """Everything up to here has arrived, or is not asked for: commit that before the next one.

    Returns where it stands, which is further on when entries were skipped meanwhile; None when it
    is to be left alone: paused, changed, removed, or taken by another.
    """
    row = prepared_row(_MOVE, [claim.organization, claim.webhook, claim.lease, position, status])
    if row is None or row[0] != Webhook.State.ACTIVE:
        return None
    _, now_at, url, areas, form = row
    same = (url, tuple(areas), form) == (claim.url, claim.areas, claim.format)
    return int(now_at) if same else None


def delivery_settle(
    *,
    claim: Claim,
    attempts: Sequence[WebhookAttempt],
    failure: WebhookAttempt | None,
    asked_to_wait: int = 0,
) -> None:
    """Give it back and keep what came of it; after the last try it is disabled.

    `asked_to_wait` is for how many seconds the receiver wants to be left alone.
    """
    with bound(claim.organization):
        row = _held(claim).select_for_update(of=("self",)).first()
        if row is None:
            return
        WebhookAttempt.objects.bulk_create(attempts)
        _trim(claim)
        changes: dict[str, Any] = {"lease": None, "lease_until": Now()}
        if row.test_at == claim.test_at:
            changes["test_at"] = None
        _held(claim).update(**changes | _after(failure, row, asked_to_wait) if failure else changes)
        if failure and _is_last(failure, row):
            _disable(row, failure)


def _held(claim: Claim) -> QuerySet[Webhook]:
    rows = Webhook.objects.in_org(claim.organization)
    return rows.filter(pk=claim.webhook, lease=claim.lease)


def _after(failure: WebhookAttempt, row: Webhook, asked_to_wait: int) -> dict[str, Any]:
    # Up to a tenth sooner: what failed together does not come back together.
    wait = WAITS[min(row.failures, len(WAITS) - 1)] * random.uniform(0.9, 1)  # noqa: S311
    return {
        "failures": row.failures + 1,
        "last_status": failure.status,
        "last_error": failure.error,
        "next_try_at": Now() + datetime.timedelta(seconds=max(wait, asked_to_wait)),
    }


def _is_last(failure: WebhookAttempt, row: Webhook) -> bool:
    return row.state == Webhook.State.ACTIVE and (
        failure.status == GONE or row.failures >= len(WAITS)
    )


def _disable(row: Webhook, failure: WebhookAttempt) -> None:
    """Stop trying; the position stays, so that nothing is lost to whoever lets it go on."""
    organization = Organization.objects.get(pk=row.organization_id)
    Webhook.objects.in_org(organization.pk).filter(pk=row.pk).update(state=Webhook.State.DISABLED)
    owners = Membership.objects.in_org(organization.pk).filter(
        role=Role.OWNER, person__isnull=False
    )
    notify(
        organization=organization.pk,
        members=owners,
        text=f"The webhook {row.name} is disabled. {failure.error} Nothing is lost:"
        " it goes on where it stood once you resume it.",
        path=reverse("webhook_view", args=[organization.slug, row.pk]),
    )
    ledger.record(
        Event.WEBHOOK_DISABLED,
        organization=organization.pk,
        actor=SYSTEM,
        target=Target("webhook", row.pk, row.name),
        changes={"state": (Webhook.State.ACTIVE.value, Webhook.State.DISABLED.value)},
        reason=failure.error,
    )


def _trim(claim: Claim) -> None:
    mine = WebhookAttempt.objects.in_org(claim.organization).filter(webhook=claim.webhook)
    oldest = mine.order_by("-id").values("id")[KEPT - 1 : KEPT]
    mine.filter(Q(id__lt=oldest) | Q(at__lt=Now() - KEPT_FOR)).delete()


def _keys(row: Webhook) -> tuple[str, ...]:
    try:
        return keys_of(row)
    except vault.CannotOpenError:
        return ()
