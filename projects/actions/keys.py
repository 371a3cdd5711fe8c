"""Deeds on keys: making, changing and revoking them (S2-139 to S2-152).

Another secret and another holder are in `key_rotation.py`, limits in `limits.py`. The text of a
key leaves `key_create` once, and stands nowhere else.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from uuid6 import uuid7

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Entry, Target
from config.database import constraint_of
from config.moments import format_local
from orgs.access import Access, require
from orgs.actions.quotas import require_room
from orgs.models import Group, Quota
from projects import keys
from projects.actions.key_ceiling import require_ceiling
from projects.actions.limits import limit_set
from projects.actions.service_ceiling import require_holding
from projects.allowance import Allowance
from projects.doors import managing
from projects.models import Key, KeySecret, Limit, Project
from projects.policies import ProjectPolicy


@transaction.atomic
def key_create(
    *,
    kind: str,
    project: Project | None,
    name: str,
    executes: bool,
    chats: bool,
    cost_centre: Group | None,
    expires_at: datetime.datetime | None,
    actor: Access,
    pk: UUID | None = None,
    limits: Allowance | None = None,
) -> tuple[Key, str]:
    """Make a key that acts for whoever makes it, and its text (S2-141, S2-145).

    `pk` is the id that a form has carried, so that sending it twice makes one key. Raises
    ValidationError: `forbidden`, `support`, `policy`, `archived`, `scope`, `ceiling`, `past`,
    `needs_end`, `too_late`, `made_already`, `quota`, and those of `limit_set`.
    """
    key = Key(
        id=pk or uuid7(),
        organization_id=actor.org.id,
        kind=kind,
        project=project,
        name=name,
        creator_id=actor.membership_id,
        created_by=actor.identity.label,
        cost_centre=cost_centre,
        executes=executes,
        chats=chats,
        expires_at=expires_at,
    )
    _require_making(key, actor)
    require_ceiling(key, actor)
    require_end(expires_at, latest_end(actor.org.id, since=key.created_at))
    require_room(Quota.Kind.KEYS)
    made = keys.make()
    _insert(key)
    secret_create(key, made, actor.identity)
    facts = {name: (None, value) for name, value in facts_of(key).items()}
    about = {
        "kind": (None, Key.Kind(kind).label),
        "project": (None, project.name if project else None),
        "holder": (None, key.created_by),
        "key": (None, f"{made.prefix}…{made.suffix}"),
    }
    _record(Event.KEY_CREATED, key, actor.identity, facts | about)
    if limits is not None and not limits.is_empty:
        limit_set(subject=key, layer=Limit.Layer.KEY.value, said=limits, actor=actor)
    return key, made.text


@transaction.atomic
def key_change(
    *,
    key: Key,
    name: str,
    executes: bool,
    chats: bool,
    cost_centre: Group | None,
    expires_at: datetime.datetime | None,
    actor: Access,
) -> Key:
    """Change what a live key is called, does, is charged to and lives until.

    What is added to its scope is asked of who adds it, who may know its secret. Raises
    ValidationError: `forbidden`, `gone`, `revoked`, `expired`, `scope`, `ceiling`, `past`,
    `needs_end`, `too_late`.
    """
    key = locked(key)
    require_managing(key, actor)
    require_live(key)
    before, had, until = facts_of(key), (key.executes, key.chats), key.expires_at
    key.name, key.executes, key.chats = name, executes, chats
    key.cost_centre, key.expires_at = cost_centre, expires_at
    after = facts_of(key)
    if after == before:
        return key
    require_ceiling(key, actor, had=had)
    if (executes and not had[0]) or (chats and not had[1]):
        require_holding(key, actor)
    if expires_at != until:
        newest = KeySecret.objects.in_org(actor.org.id).filter(key=key).latest("created_at")
        require_end(expires_at, latest_end(actor.org.id, since=newest.created_at))
    key.save(update_fields=["name", "executes", "chats", "cost_centre", "expires_at"])
    changes = {field: (before[field], after[field]) for field in before}
    _record(Event.KEY_CHANGED, key, actor.identity, changes)
    return key


@transaction.atomic
def key_revoke(*, key: Key, reason: str, actor: Access) -> Key:
    """Make a key useless, at once and for good (S2-150, S2-152); the reason is kept (S2-155).

    A key that is revoked already stays as it is. Raises ValidationError: `forbidden`, `gone`.
    """
    key = locked(key)
    require_managing(key, actor)
    revoke([key], reason=reason, actor=actor.identity)
    return key


def revoke(revoked: Iterable[Key], *, reason: str, actor: Actor) -> list[Key]:
    """Revoke those of them that are not, in the caller's transaction; who may was asked.

    The caller holds their rows, or those of what they hang on. Returns what was revoked.
    """
    left = [key for key in revoked if key.revoked_at is None]
    if not left:
        return []
    now = timezone.now()
    for key in left:
        key.revoked_at, key.revoked_by, key.revoke_reason = now, actor.label, reason
    organization = left[0].organization_id
    rows = Key.objects.in_org(organization).filter(pk__in=[key.pk for key in left])
    rows.update(revoked_at=now, revoked_by=actor.label, revoke_reason=reason)
    prefixes = _prefixes(left)
    entries = [_revocation(key, prefixes.get(key.pk, "")) for key in left]
    ledger.record_many(entries, organization=organization, actor=actor, reason=reason)
    return left


def locked(key: Key) -> Key:
    """The key's row, held until commit. Raises ValidationError: `gone`."""
    rows = Key.objects.in_org(key.organization_id).select_for_update(of=("self",), no_key=True)
    found = rows.select_related("project", "creator", "account", "cost_centre").filter(pk=key.pk)
    row = found.first()
    if row is None:
        raise ValidationError("This key is gone: its project was deleted.", code="gone")
    return row


def secret_create(key: Key, made: keys.Made, by: Actor) -> KeySecret:
    """Keep another secret of a key, as its digest."""
    return KeySecret.objects.create(
        organization_id=key.organization_id,
        key=key,
        digest=made.digest,
        prefix=made.prefix,
        suffix=made.suffix,
        created_by=by.label,
    )


# --- What is asked before -------------------------------------------------------------------------


def require_managing(key: Key, actor: Access) -> None:
    """The creator of a personal key, else who may create keys where it is (X-08, X-09)."""
    if not (key.is_own_of(actor) and key.kind == Key.Kind.PERSONAL):
        require(actor, managing(key), key)


def require_live(key: Key) -> None:
    """Raises ValidationError: `revoked`, `expired`."""
    if key.revoked_at is not None:
        raise ValidationError(
            "This key is revoked, and stays so. Make another one.", code="revoked"
        )
    if key.is_expired:
        raise ValidationError("This key has expired. Make another one.", code="expired")


def latest_end(organization: UUID, *, since: datetime.datetime) -> datetime.datetime | None:
    """How long a secret made then may work, by the organization's longest life of a key.

    It is counted in days: the last one is over where whoever asks is.
    """
    rows = Limit.objects.in_org(organization).filter(layer=Limit.Layer.ORGANIZATION)
    days = rows.values_list("longest_days", flat=True).first()
    if days is None:
        return None
    last = timezone.localdate(since) + datetime.timedelta(days=days)
    return timezone.make_aware(datetime.datetime.combine(last, datetime.time(23, 59, 59)))


def require_end(until: datetime.datetime | None, latest: datetime.datetime | None) -> None:
    """Raises ValidationError: `past`, `needs_end`, `too_late`."""
    if until is not None and until <= timezone.now():
        raise ValidationError("Choose a day to come: this one is over.", code="past")
    if latest is None:
        return
    last = format_local(latest, "j M Y")
    if until is None:
        raise ValidationError(f"Every key here ends. Choose a day up to {last}.", code="needs_end")
    if until > latest:
        raise ValidationError(f"A key here ends on {last} at the latest.", code="too_late")


def _require_making(key: Key, actor: Access) -> None:
    project = key.project
    if actor.membership_id is None:
        raise ValidationError("Only a member of the organization makes keys.", code="forbidden")
    if actor.is_support:
        raise ValidationError("Support makes no keys: its window ends.", code="support")
    if key.kind != Key.Kind.PERSONAL:
        require(actor, managing(key), project)
    elif project is None or not project.has_policy(ProjectPolicy.PERSONAL_KEYS):
        raise ValidationError("Personal keys are off in this project.", code="policy")
    if project is not None and project.state != Project.State.ACTIVE:
        raise ValidationError(f"{project.name} is archived: keys wait.", code="archived")


# --- What is written ------------------------------------------------------------------------------


def facts_of(key: Key) -> dict[str, Any]:
    """What the ledger keeps of a key, and compares."""
    return {
        "name": key.name,
        "may": key.scope_label,
        "cost_centre": key.cost_centre.name if key.cost_centre else None,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
    }


def holder_of(key: Key) -> str | None:
    """Whose live rights the key has, by name."""
    holder = key.creator or key.account
    return holder.name if holder else None


def _insert(key: Key) -> None:
    try:
        with transaction.atomic():
            key.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) != "projects_key_pkey":
            raise
        message = "This form has made its key already. The key was shown in the first answer."
        raise ValidationError(message, code="made_already") from None


def _prefixes(revoked: list[Key]) -> dict[UUID, str]:
    """The secrets of each key, as they are shown. One query."""
    found: dict[UUID, str] = {}
    rows = KeySecret.objects.in_org(revoked[0].organization_id).filter(key__in=revoked)
    for secret in rows.order_by("id"):
        before = found.get(secret.key_id)
        found[secret.key_id] = f"{before}, {secret.shown}" if before else secret.shown
    return found


def _revocation(key: Key, prefix: str) -> Entry:
    changes = {
        "key": (prefix, None),
        "project": (key.project.name if key.project else None, None),
        "holder": (holder_of(key), None),
    }
    return Entry(Event.KEY_REVOKED, Target("key", key.pk, key.name), changes)


def _record(event: Event, key: Key, actor: Actor, changes: dict[str, Any]) -> None:
    ledger.record(
        event,
        organization=key.organization_id,
        actor=actor,
        target=Target("key", key.pk, key.name),
        changes=changes,
    )
