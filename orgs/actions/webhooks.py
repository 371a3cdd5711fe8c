"""Deeds on webhooks: an Owner says where the log is streamed to, and lets it wait (S3-050).

Nothing here puts a secret into the ledger, a log or a refusal, nor more of an address than its
host: the rest may be what lets one in there. What is sent, and when, is in `deliveries.py`.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from audit.queries import newest_sequence
from audit.streaming import AREAS
from config import vault
from config.addresses import parse
from config.database import constraint_of
from orgs.access import Access
from orgs.actions.quotas import require_room
from orgs.models import Organization, Quota, Webhook
from orgs.webhook_messages import make_secret

Facts = dict[str, Any]

MOST = 20
OVERLAP = datetime.timedelta(hours=24)
"""How long the secret before signs as well, once it was rotated."""


@sensitive_variables("secret")
@transaction.atomic
def webhook_create(*, said: Facts, whole_log: bool, actor: Access) -> tuple[Webhook, str]:
    """Set one up and return its secret, which is not shown again.

    `said` are name, url, areas and format. It begins with what happens from now on, or with the
    first entry of the log.
    Raises ValidationError: `name_taken`, `too_many`, `quota`.
    """
    Organization.objects.select_for_update(no_key=True).get(id=actor.org.id)
    if Webhook.objects.in_org(actor.org.id).count() >= MOST:
        message = f"There are {MOST} webhooks already: remove one first."
        raise ValidationError(message, code="too_many")
    require_room(Quota.Kind.WEBHOOKS)
    position = 0 if whole_log else newest_sequence(actor.org.id)
    made = Webhook(organization_id=actor.org.id, position=position, **said)
    made.created_by_id = actor.membership_id
    secret = make_secret()
    made.ciphertext = vault.seal(secret, place=_place(made))
    _save(made)
    _record(Event.WEBHOOK_CREATED, made, actor, configuration=(None, _facts(made)))
    return made, secret


@transaction.atomic
def webhook_change(*, webhook: Webhook, said: Facts, actor: Access) -> Webhook:
    """Change name, address, areas or form. A new address is tried at once.

    Raises ValidationError: `name_taken`.
    """
    changed = _locked(webhook)
    before, url = _facts(changed), changed.url
    for name, value in said.items():
        setattr(changed, name, value)
    after = _facts(changed)
    if changed.url != url:
        after |= {"address": f"{after['address']} (another path)"} if after == before else {}
        changed.failures, changed.next_try_at = 0, timezone.now()
    if after != before:
        changed.changed_at = timezone.now()
        _save(changed, *said, "failures", "next_try_at", "changed_at")
        _record(Event.WEBHOOK_CHANGED, changed, actor, configuration=(before, after))
    return changed


@sensitive_variables("secret")
@transaction.atomic
def webhook_rotate_secret(
    *, webhook: Webhook, seen: datetime.datetime, actor: Access
) -> tuple[Webhook, str]:
    """A new secret, returned this once; the one before signs as well for another day.

    `seen` is when it was changed last, as far as one knew: sent twice, the secret that the
    receiver has would be gone. Raises ValidationError: `overtaken`.
    """
    changed, secret = _locked(webhook), make_secret()
    if changed.changed_at != seen:
        message = "It was changed a moment ago. Look at it again before you rotate its secret."
        raise ValidationError(message, code="overtaken")
    changed.old_ciphertext, changed.old_ends_at = changed.ciphertext, timezone.now() + OVERLAP
    changed.ciphertext = vault.seal(secret, place=_place(changed))
    changed.changed_at = timezone.now()
    _save(changed, "ciphertext", "old_ciphertext", "old_ends_at", "changed_at")
    _record(Event.WEBHOOK_SECRET_ROTATED, changed, actor, ends_at=(None, changed.old_ends_at))
    return changed, secret


@transaction.atomic
def webhook_pause(*, webhook: Webhook, actor: Access) -> Webhook:
    """Send nothing more for now, but for what is on its way; its place in the log stays."""
    changed = _locked(webhook)
    if changed.state == Webhook.State.ACTIVE:
        _turn(changed, Webhook.State.PAUSED, Event.WEBHOOK_PAUSED, actor)
    return changed


@transaction.atomic
def webhook_resume(*, webhook: Webhook, actor: Access) -> Webhook:
    """Go on where it stood, now: after a pause, after it was disabled, or instead of waiting."""
    changed = _locked(webhook)
    if changed.state != Webhook.State.ACTIVE or changed.is_failing:
        _turn(changed, Webhook.State.ACTIVE, Event.WEBHOOK_RESUMED, actor)
    return changed


@transaction.atomic
def webhook_skip(*, webhook: Webhook, up_to: int, actor: Access) -> int:
    """Give up what it has not been sent, up to the entry that was newest when one looked.

    Returns how many entries that is.
    """
    changed = _locked(webhook)
    end = min(up_to, newest_sequence(changed.organization_id))
    skipped = end - changed.position
    if skipped > 0:
        changed.position = end
        _save(changed, "position")
        _record(Event.WEBHOOK_SKIPPED, changed, actor, entries=(None, skipped))
    return max(skipped, 0)


@transaction.atomic
def webhook_test(*, webhook: Webhook, actor: Access) -> Webhook:
    """Have one message sent that is no entry, also while it is paused; twice at once is once."""
    changed = _locked(webhook)
    if changed.test_at is None:
        changed.test_at = timezone.now()
        _save(changed, "test_at")
        _record(Event.WEBHOOK_TESTED, changed, actor)
    return changed


@transaction.atomic
def webhook_delete(*, webhook: Webhook, actor: Access) -> None:
    """Remove it, its secret and its history. What it was sent stays where it was sent."""
    gone = _locked(webhook)
    Webhook.objects.in_org(gone.organization_id).filter(pk=gone.pk).delete()
    _record(Event.WEBHOOK_DELETED, gone, actor, configuration=(_facts(gone), None))


def keys_of(webhook: Webhook) -> tuple[str, ...]:
    """What signs its messages now, for who sends them; no page shows it.

    Raises `vault.CannotOpenError`.
    """
    keys = [vault.unseal(webhook.ciphertext, place=_place(webhook))]
    if webhook.old_ciphertext is not None and webhook.is_old_secret_valid:
        keys.append(vault.unseal(webhook.old_ciphertext, place=_place(webhook)))
    return tuple(keys)


def _locked(webhook: Webhook) -> Webhook:
    rows = Webhook.objects.in_org(webhook.organization_id)
    return rows.select_for_update(of=("self",)).get(pk=webhook.pk)


def _place(webhook: Webhook) -> tuple[str, ...]:
    return ("webhook", str(webhook.organization_id), str(webhook.pk))


def _save(webhook: Webhook, *names: str) -> None:
    """Only these fields: the others move under the lease of who delivers."""
    try:
        with transaction.atomic():
            webhook.save(update_fields=names or None)
    except IntegrityError as error:
        if constraint_of(error) != "webhook_name":
            raise
        message = "A webhook with this name exists."
        raise ValidationError({"name": ValidationError(message, code="name_taken")}) from error


def _turn(webhook: Webhook, state: Webhook.State, event: Event, actor: Access) -> None:
    """Into another state, or out of failing: either way it begins anew."""
    before = "failing" if webhook.is_failing else str(webhook.state)
    webhook.state, webhook.failures, webhook.next_try_at = state, 0, timezone.now()
    _save(webhook, "state", "failures", "next_try_at")
    _record(event, webhook, actor, state=(before, state.value))


def _facts(webhook: Webhook) -> Facts:
    """The webhook in words, as the ledger keeps it; of the secret nothing at all."""
    return {
        "name": webhook.name,
        "address": _origin(webhook.url),
        "areas": ", ".join(AREAS.get(area, area) for area in webhook.areas) or "everything",
        "form": Webhook.Format(webhook.format).label,
    }


def _origin(url: str) -> str:
    """Scheme and host, whatever the settings allow by now."""
    return parse(url, private=True).origin


def _record(event: Event, webhook: Webhook, actor: Access, **changes: ledger.Change) -> None:
    ledger.record(
        event,
        organization=webhook.organization_id,
        actor=actor.identity,
        target=Target("webhook", webhook.pk, webhook.name),
        changes=changes,
    )
