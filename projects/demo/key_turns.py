"""What each line on keys, limits and service accounts does to a book, and the entry it leaves.

Each entry looks as the deed of that name in projects/actions would have left it. What the keys
then did is in `traffic.py`.
"""

from __future__ import annotations

import datetime
from typing import Any

from audit.events import Event
from audit.ledger import Actor, Change, Target
from config.money import parse_money
from config.roles import Permission, Role
from orgs.models import Group, Membership, Organization
from projects import keys
from projects.actions.key_ceiling import IN_ORGANIZATION, IN_PROJECT
from projects.actions.keys import facts_of, holder_of
from projects.actions.limits import TEAM_LAYERS
from projects.actions.limits import target_of as limit_target
from projects.actions.service_tokens import target_of as token_target
from projects.allowance import Allowance, names
from projects.demo import key_lines as lines
from projects.demo.book import Book
from projects.demo.telling import tell
from projects.models import (
    Key,
    KeySecret,
    Limit,
    Project,
    ServiceAccount,
    ServiceAccountProject,
    ServiceToken,
)
from projects.policies import ProjectPolicy

P = Permission


# Service accounts


@tell.register(lines.Program)
def _program(line: lines.Program, book: Book) -> None:
    actor = book.doer(line.by, P.KEYS_CREATE)
    account = ServiceAccount(
        name=line.name,
        description=line.description,
        role=line.role,
        created_at=book.history.now,
        created_by_id=actor.id,
        **book.new(),
    )
    book.others.append(account)
    changes: dict[str, Change] = {
        "name": (None, line.name),
        "description": (None, line.description),
        "role": (None, Role(line.role).label if line.role else None),
    }
    target = Target("service_account", account.id, account.name)
    book.history.record(Event.SERVICE_ACCOUNT_CREATED, actor, target, changes)


@tell.register(lines.Placed)
def _placed(line: lines.Placed, book: Book) -> None:
    account, project = book.named(ServiceAccount, line.account), book.project(line.project)
    actor = book.sharer(line.by, Role.PROJECT_MEMBER, project)
    book.others.append(
        ServiceAccountProject(
            account=account,
            project=project,
            granted_by_id=actor.id,
            granted_at=book.history.now,
            reason=line.reason,
            **book.new(),
        )
    )
    target = Target("service_account", account.id, account.name)
    changes: dict[str, Change] = {"project": (None, project.name)}
    book.history.record(Event.SERVICE_ACCOUNT_PLACED, actor, target, changes, reason=line.reason)


@tell.register(lines.Signed)
def _signed(line: lines.Signed, book: Book) -> None:
    account, made = book.named(ServiceAccount, line.account), keys.make(keys.TOKEN)
    for scope in line.scopes:
        book.doer(line.by, keys.SCOPES[scope])
    actor = book.doer(line.by, P.KEYS_CREATE)
    token = ServiceToken(
        account=account,
        name=line.name,
        scopes=[scope for scope in keys.SCOPES if scope in line.scopes],
        digest=made.digest,
        prefix=made.prefix,
        suffix=made.suffix,
        created_at=book.history.now,
        created_by=line.by,
        expires_at=book.until(line.until),
        **book.new(),
    )
    book.others.append(token)
    changes: dict[str, Change] = {
        "name": (None, line.name),
        "key": (None, token.shown),
        "scopes": (None, token.scopes),
        "expires_at": (None, token.expires_at and token.expires_at.isoformat()),
    }
    target = token_target(token, account)
    book.history.record(Event.SERVICE_TOKEN_CREATED, actor, target, changes)


@tell.register(lines.Unsigned)
def _unsigned(line: lines.Unsigned, book: Book) -> None:
    token = book.named(ServiceToken, line.token)
    actor = book.doer(line.by, P.KEYS_CREATE)
    token.revoked_at, token.revoked_by = book.history.now, line.by
    token.revoke_reason = line.reason
    changes: dict[str, Change] = {"key": (token.shown, None), "scopes": (token.scopes, None)}
    target = token_target(token, token.account)
    book.history.record(Event.SERVICE_TOKEN_REVOKED, actor, target, changes, reason=line.reason)


# Keys


@tell.register(lines.Keyed)
def _keyed(line: lines.Keyed, book: Book) -> None:
    project = book.project(line.project) if line.project else None
    actor = _maker(line, project, book)
    key = Key(
        kind=_kind(line),
        name=line.name,
        project=project,
        creator=book.history.members[line.by],
        cost_centre=book.history.groups[line.cost_centre] if line.cost_centre else None,
        executes="execute" in line.does,
        chats="chat" in line.does,
        created_at=book.history.now,
        created_by=line.by,
        expires_at=book.until(line.until),
        **book.new(),
    )
    book.others.append(key)
    secret = _secret(key, line.by, book)
    changes: dict[str, Change] = {name: (None, value) for name, value in facts_of(key).items()}
    changes |= {
        "kind": (None, Key.Kind(key.kind).label),
        "project": (None, project.name if project else None),
        "holder": (None, key.created_by),
        "key": (None, secret.shown),
    }
    book.history.record(Event.KEY_CREATED, actor, target_of(key), changes)
    if line.limits != lines.Allowed():
        book.history.pass_time()
        _limit("key", key, line.limits, line.limited_by or line.by, book)


def _maker(line: lines.Keyed, project: Project | None, book: Book) -> Actor:
    """Raises ValueError where `key_create` would refuse."""
    for does, permission in (IN_PROJECT if project else IN_ORGANIZATION).items():
        if does in line.does:
            book.doer(line.by, permission, project)
    if not line.personal:
        needs = P.PROJECTS_CREATE_KEYS if project else P.KEYS_CREATE
        return book.doer(line.by, needs, project)
    if project is None or not project.has_policy(ProjectPolicy.PERSONAL_KEYS):
        raise ValueError(f"No personal key of {line.by} in {line.project}")
    return book.history.actor(line.by)


def _kind(line: lines.Keyed) -> str:
    if line.personal:
        return Key.Kind.PERSONAL.value
    return (Key.Kind.PROJECT if line.project else Key.Kind.ORGANIZATION).value


@tell.register(lines.Renewed)
def _renewed(line: lines.Renewed, book: Book) -> None:
    key = book.named(Key, line.key)
    actor = book.doer(line.by, _managing(key), key.project)
    old = book.secrets_of(key)[-1]
    old.ends_at = book.history.now + datetime.timedelta(hours=line.hours)
    new = _secret(key, line.by, book)
    changes: dict[str, Change] = {
        "key": (old.shown, new.shown),
        "ends_at": (None, old.ends_at.isoformat()),
    }
    book.history.record(Event.KEY_ROTATED, actor, target_of(key), changes)


@tell.register(lines.Reowned)
def _reowned(line: lines.Reowned, book: Book) -> None:
    key, account = book.named(Key, line.key), book.named(ServiceAccount, line.account)
    actor = book.doer(line.by, _managing(key), key.project)
    changes: dict[str, Change] = {
        "holder": (holder_of(key), account.name),
        "kind": (Key.Kind(key.kind).label,) * 2,
    }
    key.creator, key.account = None, account
    book.history.record(Event.KEY_REOWNED, actor, target_of(key), changes, reason=line.reason)


@tell.register(lines.Revoked)
def _revoked(line: lines.Revoked, book: Book) -> None:
    key = book.named(Key, line.key)
    actor = book.doer(line.by, _managing(key), key.project)
    key.revoked_at, key.revoked_by = book.history.now, line.by
    key.revoke_reason = line.reason
    changes: dict[str, Change] = {
        "key": (", ".join(secret.shown for secret in book.secrets_of(key)), None),
        "project": (key.project.name if key.project else None, None),
        "holder": (holder_of(key), None),
    }
    book.history.record(Event.KEY_REVOKED, actor, target_of(key), changes, reason=line.reason)


# Limits


@tell.register(lines.Capped)
def _capped(line: lines.Capped, book: Book) -> None:
    subjects: dict[str, Any] = {
        "project": book.places,
        "group": book.history.groups,
        "creator": book.history.members,
    }
    of_all = line.layer == Limit.Layer.ORGANIZATION
    subject = book.history.organization if of_all else subjects[line.layer][line.on]
    _limit(line.layer, subject, line.limits, line.by, book)


def _limit(
    layer: str,
    subject: Key | Project | Group | Membership | Organization,
    said: lines.Allowed,
    by: str,
    book: Book,
) -> None:
    is_teams = layer in TEAM_LAYERS and bool(said.budget)
    actor = book.doer(by, P.BILLING_MANAGE_BUDGETS if is_teams else P.KEYS_SET_POLICIES)
    allowance = Allowance(
        budget=parse_money(said.budget),
        window=said.window,
        rpm=said.rpm,
        networks=names(said.networks),
        tasks=names(said.tasks),
        models=names(said.models),
        longest_days=said.longest_days,
    )
    whose = {} if layer == Limit.Layer.ORGANIZATION else {layer: subject}
    limit = Limit(
        layer=layer,
        changed_at=book.history.now,
        changed_by_id=actor.id,
        **whose,
        **allowance.fields(),
        **book.new(),
    )
    book.others.append(limit)
    old, new = Allowance().facts(), allowance.facts()
    event = Event.KEY_POLICY_CHANGED if layer == Limit.Layer.KEY else Event.LIMIT_CHANGED
    changes: dict[str, Change] = {
        field.name: (old[field.name], new[field.name]) for field in event.fields
    }
    book.history.record(event, actor, limit_target(subject, layer), changes)


# What is there


def target_of(key: Key) -> Target:
    return Target("key", key.id, key.name)


def _managing(key: Key) -> Permission:
    return P.PROJECTS_CREATE_KEYS if key.project else P.KEYS_CREATE


def _secret(key: Key, by: str, book: Book) -> KeySecret:
    made = keys.make()
    secret = KeySecret(
        key=key,
        digest=made.digest,
        prefix=made.prefix,
        suffix=made.suffix,
        created_at=book.history.now,
        created_by=by,
        **book.new(),
    )
    book.others.append(secret)
    return secret
