"""Deeds that give a key another secret, or another holder (S2-147 to S2-149, S2-151).

Making, changing and revoking keys is in `keys.py`. Limits hang on the key, so both secrets share
them; the text of a new secret leaves `key_rotate` once.
"""

from __future__ import annotations

import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.moments import format_local
from config.roles import Permission
from orgs.access import Access, require
from projects import keys
from projects.actions.keys import (
    facts_of,
    holder_of,
    latest_end,
    locked,
    require_live,
    require_managing,
    secret_create,
)
from projects.actions.service_accounts import locked_account, service_account_place
from projects.actions.service_ceiling import require_holding, require_lending
from projects.doors import managing
from projects.models import Key, KeySecret, Limit, ServiceAccount

LONGEST_OVERLAP = 720
_HOUR = datetime.timedelta(hours=1)


@transaction.atomic
def key_rotate(
    *, key: Key, overlap: int, seen: UUID, again: bool = False, actor: Access
) -> tuple[Key, str]:
    """Give a key a new secret with the same limits, and its text; the old one works on for
    `overlap` hours (S2-147).

    `seen` is the secret the form was shown with, so that two tabs make one. `again` puts another
    in the place of a new secret that nobody has used, and leaves the old one's end as it is.
    Raises ValidationError: `forbidden`, `gone`, `revoked`, `expired`, `ceiling`, `under_way`,
    `meanwhile`, `used`, `overlap`, `ended`.
    """
    key, new, old = _rotatable(key, actor)
    require_holding(key, actor)
    if new.pk != seen:
        message = "Somebody gave this key another secret meanwhile. See below how it stands."
        raise ValidationError(message, code="under_way" if old else "meanwhile")
    if again:
        _require_unused(new, old)
        overlap = 0
    elif old is not None:
        raise ValidationError(
            "A rotation of this key is under way. Retire the old secret, or let it end, before "
            "you begin another.",
            code="under_way",
        )
    if not 0 <= overlap <= LONGEST_OVERLAP:
        raise ValidationError(f"Choose 0 to {LONGEST_OVERLAP} hours.", code="overlap")
    ends_at = _end(new, overlap)
    made = keys.make()
    secret_create(key, made, actor.identity)
    _shorten_life(key, actor)
    changes = {
        "key": (new.shown, f"{made.prefix}…{made.suffix}"),
        "ends_at": (None, ends_at.isoformat()),
    }
    _record(Event.KEY_ROTATED, key, actor, changes)
    return key, made.text


@transaction.atomic
def key_change_overlap(*, key: Key, hours: int, seen: UUID, actor: Access) -> KeySecret:
    """Let the old secret work for so many hours from now: longer or shorter than was said.

    Raises ValidationError: `forbidden`, `gone`, `revoked`, `expired`, `ended`, `overlap`.
    """
    key, new, old = _rotatable(key, actor)
    old = _still_there(old, seen)
    if not 1 <= hours <= LONGEST_OVERLAP:
        raise ValidationError(f"Choose 1 to {LONGEST_OVERLAP} hours.", code="overlap")
    before, ends_at = old.ends_at, timezone.now() + hours * _HOUR
    latest = new.created_at + LONGEST_OVERLAP * _HOUR
    if ends_at > latest and ends_at > (before or latest):
        raise ValidationError(
            "Both may work for %(most)d hours together at most: until %(until)s.",
            code="overlap",
            params={
                "most": LONGEST_OVERLAP,
                "until": format_local(latest, "j M Y, H:i"),
            },
        )
    old.ends_at = ends_at
    old.save(update_fields=["ends_at"])
    ends = (before.isoformat() if before else None, ends_at.isoformat())
    changes = {"key": (old.shown, old.shown), "ends_at": ends}
    _record(Event.KEY_OVERLAP_CHANGED, key, actor, changes)
    return old


@transaction.atomic
def key_retire(*, key: Key, seen: UUID, reason: str, actor: Access) -> KeySecret:
    """End the old secret now (S2-149). Raises ValidationError: `forbidden`, `gone`, `revoked`,
    `expired`, `ended`."""
    key, _, old = _rotatable(key, actor)
    old = _still_there(old, seen)
    _end(old, 0)
    _record(Event.KEY_RETIRED, key, actor, {"key": (old.shown, None)}, reason=reason)
    return old


@transaction.atomic
def key_reown(*, key: Key, account: ServiceAccount, place: bool, reason: str, actor: Access) -> Key:
    """Let a key act for a service account, so that it outlives who made it (S2-151).

    With `place` the account is let into the key's project first. A personal key becomes one of
    its project. Raises ValidationError: `forbidden`, `gone`, `revoked`, `expired`, `suspended`,
    `ceiling`, `creator_limits`, `already`, and those of placing.
    """
    # The account first, as whoever deletes one does: it, then its keys.
    account = locked_account(account)
    key = locked(key)
    require(actor, managing(key), key)
    require_live(key)
    if account.is_suspended:
        raise ValidationError(f"{account.name} is suspended. Resume it first.", code="suspended")
    if key.account_id == account.pk:
        raise ValidationError(f"{account.name} has this key already.", code="already")
    require_lending(account, key.project, actor)
    _require_no_escape(key, actor)
    if place and key.project is not None:
        service_account_place(
            account=account, project=key.project, reason=reason, actor=actor, again=True
        )
    before, kind = holder_of(key), key.kind
    key.creator, key.account = None, account
    key.kind = Key.Kind.PROJECT if key.project else Key.Kind.ORGANIZATION
    key.save(update_fields=["creator", "account", "kind"])
    kinds = (Key.Kind(kind).label, Key.Kind(key.kind).label)
    changes = {"holder": (before, account.name), "kind": kinds}
    _record(Event.KEY_REOWNED, key, actor, changes, reason=reason)
    return key


def secrets_of(key: Key) -> tuple[KeySecret, KeySecret | None]:
    """The secret that stays, and the one before it, if there is one."""
    rows = KeySecret.objects.in_org(key.organization_id).filter(key=key)
    new = rows.order_by(F("ends_at").desc(nulls_first=True), "-created_at")[0]
    # One that was replaced before anybody used it ended before the old one did.
    others = rows.exclude(pk=new.pk).order_by(F("ends_at").desc(nulls_last=True))
    return new, others.first()


def refusal_to_rotate(key: Key, actor: Access) -> str:
    """Why this person may make no new secret of it, in a sentence; empty where they may."""
    try:
        require_holding(key, actor)
    except ValidationError as error:
        return error.messages[0]
    return ""


def latest_now(key: Key) -> datetime.datetime | None:
    """Where a rotation today would shorten the key's life to, if it would."""
    latest = latest_end(key.organization_id, since=timezone.now())
    if latest is None or (key.expires_at is not None and key.expires_at <= latest):
        return None
    return latest


def _rotatable(key: Key, actor: Access) -> tuple[Key, KeySecret, KeySecret | None]:
    """The live key, locked, its newest secret, and the old one while that still works."""
    key = locked(key)
    require_managing(key, actor)
    require_live(key)
    new, old = secrets_of(key)
    return key, new, old if old and old.is_live else None


def _require_unused(new: KeySecret, old: KeySecret | None) -> None:
    if old is None:
        message = "This rotation is over. Begin a new one."
        raise ValidationError(message, code="ended")
    if new.first_used_at is not None:
        message = "The new key is in use by now, so it stays. Retire the old one first."
        raise ValidationError(message, code="used")


def _still_there(old: KeySecret | None, seen: UUID) -> KeySecret:
    if old is None or old.pk != seen:
        message = "The old secret has ended meanwhile. Nothing was left to change."
        raise ValidationError(message, code="ended")
    return old


def _end(secret: KeySecret, hours: int) -> datetime.datetime:
    """When it ends. At once means by the database's clock, which verification goes by."""
    rows = KeySecret.objects.in_org(secret.organization_id).filter(pk=secret.pk)
    rows.update(ends_at=Now() + hours * _HOUR)
    secret.refresh_from_db(fields=["ends_at"])
    return secret.ends_at or timezone.now()


def _shorten_life(key: Key, actor: Access) -> None:
    """A secret made today lives no longer than the organization lets any new one live."""
    latest = latest_now(key)
    if latest is None:
        return
    before = facts_of(key)
    key.expires_at = latest
    key.save(update_fields=["expires_at"])
    after = facts_of(key)
    changes = {field: (before[field], after[field]) for field in before}
    _record(Event.KEY_CHANGED, key, actor, changes)


def _require_no_escape(key: Key, actor: Access) -> None:
    """The creator's own limits hold no key of an account: only who sets limits takes it away."""
    if key.creator_id is None or actor.can(Permission.KEYS_SET_POLICIES):
        return
    if Limit.objects.in_org(key.organization_id).filter(creator=key.creator_id).exists():
        name = key.creator.name if key.creator else "its creator"
        message = f"The limits of {name} hold this key, and would no longer. Owners and Admins may."
        raise ValidationError(message, code="creator_limits")


def _record(
    event: Event, key: Key, actor: Access, changes: dict[str, Any], *, reason: str = ""
) -> None:
    ledger.record(
        event,
        organization=key.organization_id,
        actor=actor.identity,
        target=Target("key", key.pk, key.name),
        changes=changes,
        reason=reason,
    )
