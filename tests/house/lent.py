"""What programs may do: the roles of service accounts, the scopes of tokens, the deeds of keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.utils import timezone
from uuid6 import uuid7

from config.roles import Permission, Role
from orgs.access import Access
from orgs.ceiling import may_grant
from orgs.models import Membership
from orgs.tenancy import bound
from projects import keys
from projects.models import (
    Key,
    KeySecret,
    Project,
    ServiceAccount,
    ServiceAccountProject,
    ServiceToken,
)
from tests.factories import Cast
from tests.house.furniture import Furniture
from tests.projects.factories import make_project
from tests.projects.keys import make_account, make_key, make_token

Held = tuple[str, Role, Any]  # As in `test_every_path_asks_the_ceiling.py`.
Lent = tuple[str, Permission, Any]  # Which token or secret may do what, and where.


@dataclass(frozen=True, kw_only=True)
class Programs:
    """Keys of several holders, none of them being rotated, and accounts that could hold them."""

    keys: list[Key]
    accounts: list[ServiceAccount]


def make_programs(cast: Cast, here: Furniture, own: Membership) -> Programs:
    alice, elsewhere = cast.member(cast.alice), make_project(cast.acme)
    stopped = make_account(
        cast.acme, projects=(elsewhere,), role="member", suspended_at=timezone.now()
    )
    make_token(stopped)
    placed = make_account(cast.acme, projects=(here.project,))
    accounts = [
        *(stopped, placed, make_account(cast.acme), make_account(cast.acme, role="member")),
        make_account(cast.acme, projects=(elsewhere,)),
    ]
    made = [
        make_key(place, holder, chats=False)[0]
        for place in (cast.acme, here.project)
        for holder in (alice, own, placed)
    ]
    made.append(make_key(here.project, alice, kind="personal", chats=False)[0])
    return Programs(keys=made, accounts=accounts)


def roles_of_accounts(cast: Cast) -> set[Held]:
    """Runs bound."""
    active = ServiceAccount.objects.in_org(cast.acme).filter(suspended_at=None)
    held = {(name_of(one.pk), Role(one.role), None) for one in active if one.role}
    places = ServiceAccountProject.objects.in_org(cast.acme).filter(account__in=active)
    return held | {
        (name_of(one.account_id), Role.PROJECT_MEMBER, one.project)
        for one in places.select_related("project")
    }


def name_of(account: Any) -> str:
    return f"account {account}"


def lent(cast: Cast, held: set[Held]) -> set[Lent]:
    """What whoever has the text of a token or a key may do, with what everybody holds."""
    with bound(cast.acme.id):
        return set(_of_tokens(cast)) | set(_of_keys(cast, held))


def _of_tokens(cast: Cast) -> Iterator[Lent]:
    tokens = ServiceToken.objects.in_org(cast.acme).filter(revoked_at=None)
    for token in tokens.filter(account__suspended_at=None):
        for scope in token.scopes:
            yield f"token {token.pk} {scope}", keys.SCOPES[scope], None


def _of_keys(cast: Cast, held: set[Held]) -> Iterator[Lent]:
    projects = list(Project.objects.in_org(cast.acme))
    secrets = KeySecret.objects.in_org(cast.acme).filter(key__in=Key.objects.live())
    for secret in secrets.select_related("key", "key__project"):
        key = secret.key
        holder = str(key.creator_id) if key.creator_id else name_of(key.account_id)
        does = {keys.EXECUTE: key.executes, keys.CHAT: key.chats}
        for action, word in keys.ACTIONS.items():
            roles = set(keys.ROLES[action]) - {Role.END_USER}
            for place in [key.project] if key.project else [None, *projects]:
                if does[word] and any(
                    (holder, role, at) in held for role in roles for at in {None, place}
                ):
                    yield f"secret {secret.pk}", action, place


def may_lend(access: Access, permission: Permission, place: Any) -> bool:
    """Whoever may do it, or could give the role that includes it."""
    role = Role.PROJECT_MEMBER if place else Role.MEMBER
    if access.can(permission, place):
        return True
    return role in keys.ROLES.get(permission, ()) and may_grant(access, role, place)


def once(membership: Membership) -> str:
    """What the form of a new key carries."""
    return signing.Signer(salt=f"key {membership.pk}").sign(uuid7().hex)


def newest_secret(key: Any) -> str:
    return str(KeySecret.objects.filter(key=key).latest("created_at").pk)
