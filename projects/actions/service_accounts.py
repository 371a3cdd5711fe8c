"""Deeds on service accounts: making, changing, suspending and deleting them, and where they work.

Their tokens are in `service_tokens.py`; giving them a key is in `key_rotation.py`.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.database import constraint_of
from config.roles import Permission, Role
from orgs.access import Access, require
from orgs.actions.quotas import require_room
from orgs.ceiling import require_grant
from orgs.models import Quota
from projects.actions.keys import revoke
from projects.actions.service_ceiling import require_role, require_scopes
from projects.actions.share_rules import require_approval, require_open
from projects.models import Key, Project, ServiceAccount, ServiceAccountProject, ServiceToken
from projects.policies import ProjectPolicy

KEYS_STOP = "Its service account was deleted."


@transaction.atomic
def service_account_create(
    *, name: str, description: str, role: str, actor: Access
) -> ServiceAccount:
    """Make a service account; the role Member is given under the ceiling (X-10).

    Raises ValidationError: `forbidden`, `ceiling`, `name_taken`.
    """
    require(actor, Permission.KEYS_CREATE)
    require_role(role, actor)
    account = ServiceAccount(
        organization_id=actor.org.id,
        name=name,
        description=description,
        role=role,
        created_by_id=actor.membership_id,
    )
    require_room(Quota.Kind.SERVICE_ACCOUNTS)
    _save(account)
    facts = {field: (None, value) for field, value in _facts(account).items()}
    facts.pop("state")
    _record(Event.SERVICE_ACCOUNT_CREATED, account, actor, facts)
    return account


@transaction.atomic
def service_account_change(
    *, account: ServiceAccount, name: str, description: str, role: str, actor: Access
) -> ServiceAccount:
    """Rename or describe it, or give it another role; giving and taking one is under the ceiling.

    Raises ValidationError: `forbidden`, `gone`, `ceiling`, `name_taken`.
    """
    require(actor, Permission.KEYS_CREATE)
    account = locked_account(account)
    before = _facts(account)
    if role != account.role:
        require_role(role or account.role, actor)
    account.name, account.description, account.role = name, description, role
    return _changed(account, before, actor)


@transaction.atomic
def service_account_suspend(
    *, account: ServiceAccount, suspended: bool, reason: str, actor: Access
) -> ServiceAccount:
    """Stop everything of it at once, or let it go on.

    Whoever resumes one lets its tokens work again, so they could give what those may. Raises
    ValidationError: `forbidden`, `gone`, `ceiling`.
    """
    require(actor, Permission.KEYS_CREATE)
    account = locked_account(account)
    before = _facts(account)
    if account.is_suspended == suspended:
        return account
    if not suspended:
        require_role(account.role, actor)
        _require_tokens(account, actor)
    account.suspended_at = timezone.now() if suspended else None
    return _changed(account, before, actor, reason=reason)


@transaction.atomic
def service_account_delete(
    *, account: ServiceAccount, reason: str, actor: Access
) -> tuple[int, int]:
    """Delete it with its tokens; its keys are revoked and stay as rows. Returns how many of each.

    Raises ValidationError: `forbidden`, `gone`.
    """
    require(actor, Permission.KEYS_CREATE)
    account = locked_account(account)
    rows = Key.objects.in_org(account.organization_id).filter(account=account, revoked_at=None)
    held = rows.select_related("project", "creator", "account").order_by("pk")
    keys = revoke(
        list(held.select_for_update(of=("self",), no_key=True)),
        reason=KEYS_STOP,
        actor=actor.identity,
    )
    tokens = live_tokens(account)
    pk, name = account.pk, account.name
    account.delete()
    account.pk = pk
    changes = {"name": (name, None), "keys": (len(keys), None), "tokens": (tokens, None)}
    _record(Event.SERVICE_ACCOUNT_DELETED, account, actor, changes, reason=reason)
    return len(keys), tokens


@transaction.atomic
def service_account_place(
    *,
    account: ServiceAccount,
    project: Project,
    reason: str,
    actor: Access,
    again: bool = False,
) -> None:
    """Let the keys of an account work in a project with a Project Member's rights.

    The rules are those of sharing the project. With `again` one that is there already stays.
    Raises ValidationError: `forbidden`, `gone`, `archived`, `ceiling`, `reason`, `needs_approval`,
    `must_end`, `already`.
    """
    account = locked_account(account)
    rows = ServiceAccountProject.objects.in_org(account.organization_id)
    if rows.filter(account=account, project=project).exists():
        if again:
            return
        message = f"{account.name} works in {project.name} already."
        raise ValidationError(message, code="already")
    _require_placing(project, reason, actor)
    rows.create(
        organization_id=account.organization_id,
        account=account,
        project=project,
        granted_by_id=actor.membership_id,
        reason=reason,
    )
    changes = {"project": (None, project.name)}
    _record(Event.SERVICE_ACCOUNT_PLACED, account, actor, changes, reason=reason)


@transaction.atomic
def service_account_withdraw(
    *, account: ServiceAccount, project: Project, reason: str, actor: Access
) -> None:
    """Take an account out of a project: its keys stop there. Raises ValidationError: `gone`."""
    require(actor, Permission.KEYS_CREATE)
    account = locked_account(account)
    rows = ServiceAccountProject.objects.in_org(account.organization_id)
    if not rows.filter(account=account, project=project).delete()[0]:
        message = f"{account.name} is no longer in {project.name}."
        raise ValidationError(message, code="gone")
    changes = {"project": (project.name, None)}
    _record(Event.SERVICE_ACCOUNT_WITHDRAWN, account, actor, changes, reason=reason)


def locked_account(account: ServiceAccount) -> ServiceAccount:
    """The row as it is now, locked until commit. Raises ValidationError: `gone`."""
    rows = ServiceAccount.objects.in_org(account.organization_id).select_for_update(no_key=True)
    found = rows.filter(pk=account.pk).first()
    if found is None:
        message = f"The service account {account.name} has been deleted meanwhile."
        raise ValidationError(message, code="gone")
    return found


def live_tokens(account: ServiceAccount) -> int:
    rows = ServiceToken.objects.in_org(account.organization_id).filter(account=account)
    return sum(token.is_live for token in rows.filter(revoked_at=None))


def target_of(account: ServiceAccount) -> Target:
    return Target("service_account", account.pk, account.name)


def _require_tokens(account: ServiceAccount, actor: Access) -> None:
    rows = ServiceToken.objects.in_org(account.organization_id).filter(account=account)
    scopes = {scope for token in rows.filter(revoked_at=None) for scope in token.scopes}
    require_scopes(scopes, actor)


def _require_placing(project: Project, reason: str, actor: Access) -> None:
    require_open(project)
    require_grant(actor, Role.PROJECT_MEMBER, project)
    require_approval(project, actor)
    if project.has_policy(ProjectPolicy.SHARES_NEED_REASON) and not reason:
        message = f"Say why: {project.name} asks for a reason."
        raise ValidationError({"reason": ValidationError(message, code="reason")})
    if project.has_policy(ProjectPolicy.SHARES_END):
        message = f"Every share in {project.name} ends, and a service account’s place has no end."
        raise ValidationError(message, code="must_end")


def _facts(account: ServiceAccount) -> dict[str, Any]:
    """What the ledger keeps of an account, and compares."""
    return {
        "name": account.name,
        "description": account.description,
        "role": Role(account.role).label if account.role else None,
        "state": "Suspended" if account.is_suspended else "Active",
    }


def _changed(
    account: ServiceAccount, before: dict[str, Any], actor: Access, *, reason: str = ""
) -> ServiceAccount:
    after = _facts(account)
    if after == before:
        return account
    _save(account)
    changes = {field: (before[field], after[field]) for field in before}
    _record(Event.SERVICE_ACCOUNT_CHANGED, account, actor, changes, reason=reason)
    return account


def _save(account: ServiceAccount) -> None:
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        if constraint_of(error) != "service_account_name":
            raise
        taken = ValidationError("A service account with this name exists.", code="name_taken")
        raise ValidationError({"name": taken}) from error


def _record(
    event: Event, account: ServiceAccount, actor: Access, changes: dict[str, Any], reason: str = ""
) -> None:
    ledger.record(
        event,
        organization=account.organization_id,
        actor=actor.identity,
        target=target_of(account),
        changes=changes,
        reason=reason,
    )
