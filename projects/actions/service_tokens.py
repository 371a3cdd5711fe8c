"""Deeds on the tokens of service accounts: making and revoking them (X-10).

A token may do what its scopes say and nothing else; its text leaves `service_token_create` once.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import Permission
from orgs.access import Access, require
from projects import keys
from projects.actions.service_accounts import locked_account
from projects.actions.service_ceiling import require_scopes
from projects.models import ServiceAccount, ServiceToken

MOST = 50


@transaction.atomic
def service_token_create(
    *,
    account: ServiceAccount,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime.datetime | None,
    actor: Access,
) -> tuple[ServiceToken, str]:
    """Make a token, and its text; nobody gives it a scope above their own permissions.

    Raises ValidationError: `forbidden`, `gone`, `suspended`, `scopes`, `ceiling`, `past`,
    `too_many`.
    """
    require(actor, Permission.KEYS_CREATE)
    account = locked_account(account)
    if account.is_suspended:
        raise ValidationError(f"{account.name} is suspended. Resume it first.", code="suspended")
    wanted = [scope for scope in keys.SCOPES if scope in set(scopes)]
    if not wanted:
        raise ValidationError("Choose what the token may do.", code="scopes")
    require_scopes(wanted, actor)
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError("Choose a day to come: this one is over.", code="past")
    _require_room(account)
    made = keys.make(keys.TOKEN)
    token = ServiceToken.objects.create(
        organization_id=account.organization_id,
        account=account,
        name=name,
        scopes=wanted,
        digest=made.digest,
        prefix=made.prefix,
        suffix=made.suffix,
        created_by=actor.identity.label,
        expires_at=expires_at,
    )
    ledger.record(
        Event.SERVICE_TOKEN_CREATED,
        organization=account.organization_id,
        actor=actor.identity,
        target=target_of(token, account),
        changes={
            "name": (None, name),
            "key": (None, token.shown),
            "scopes": (None, wanted),
            "expires_at": (None, expires_at.isoformat() if expires_at else None),
        },
    )
    return token, made.text


@transaction.atomic
def service_token_revoke(*, token: ServiceToken, reason: str, actor: Access) -> ServiceToken:
    """Make a token useless, at once and for good. One that is revoked already stays as it is.

    Raises ValidationError: `forbidden`, `gone`.
    """
    require(actor, Permission.KEYS_CREATE)
    rows = ServiceToken.objects.in_org(token.organization_id).select_related("account")
    found = rows.select_for_update(of=("self",), no_key=True).filter(pk=token.pk).first()
    if found is None:
        raise ValidationError("This token is gone with its service account.", code="gone")
    if found.revoked_at is not None:
        return found
    found.revoked_at, found.revoked_by = timezone.now(), actor.identity.label
    found.revoke_reason = reason
    found.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
    ledger.record(
        Event.SERVICE_TOKEN_REVOKED,
        organization=found.organization_id,
        actor=actor.identity,
        target=target_of(found, found.account),
        changes={"key": (found.shown, None), "scopes": (found.scopes, None)},
        reason=reason,
    )
    return found


def target_of(token: ServiceToken, account: ServiceAccount) -> Target:
    return Target("service_token", token.pk, f"{account.name}: {token.name}")


def _require_room(account: ServiceAccount) -> None:
    rows = ServiceToken.objects.in_org(account.organization_id).filter(account=account)
    now = timezone.now()
    live = rows.filter(revoked_at=None).exclude(expires_at__lte=now)
    if live.count() >= MOST:
        message = f"{account.name} has {MOST} live tokens. Revoke one first."
        raise ValidationError(message, code="too_many")
