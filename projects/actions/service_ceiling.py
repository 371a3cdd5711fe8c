"""The ceiling of service accounts: what nobody may reach through one that they may not give.

What it holds back is in `service_accounts.py`, `service_tokens.py` and `key_rotation.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.core.exceptions import ValidationError

from config.roles import Permission, Role, Scope, roles_with
from orgs.access import Access
from orgs.ceiling import require_grant
from projects import keys
from projects.actions.key_ceiling import require_ceiling
from projects.models import (
    Key,
    Project,
    ServiceAccount,
    ServiceAccountProject,
    ServiceToken,
)
from projects.queries.standing import holding


def require_holding(key: Key, actor: Access) -> None:
    """A new secret, and a wider scope of one that is known, act for the key's holder: nobody gets
    more by it than they have (`ceiling`).

    One's own key is one's own, and a personal one is nobody else's. One of a project takes what
    it does there; one of the whole organization, which reaches wherever its holder does, takes
    being an Owner.
    """
    if key.is_own_of(actor):
        return
    if key.kind == Key.Kind.PERSONAL:
        message = f"This key acts for {key.created_by}: only they may do that. You may revoke it."
        raise ValidationError(message, code="ceiling")
    if key.account is not None:
        require_lending(key.account, key.project, actor)
    elif key.project is not None:
        require_ceiling(key, actor)
        _require_equal(key.creator.role if key.creator else "", actor)
    elif not actor.can(Permission.MEMBERS_CHANGE_ROLE):
        name = key.creator.name if key.creator else key.created_by
        message = (
            f"This key acts for {name}, with rights that may reach beyond yours. "
            f"{name} or an Owner may do that."
        )
        raise ValidationError(message, code="ceiling")


def require_role(role: str, actor: Access) -> None:
    """The organization role of an account is given like any other (`ceiling`)."""
    if role:
        require_grant(actor, Role(role))


def require_scopes(scopes: Iterable[str], actor: Access) -> None:
    """The ceiling of tokens: each scope takes its permission (`projects.keys.SCOPES`)."""
    for scope in scopes:
        permission = keys.SCOPES[scope]
        if not actor.can(permission):
            label = ServiceToken.Scope(scope).label
            raise ValidationError(
                "You may not let a token “%(what)s”. %(who)s may.",
                code="ceiling",
                params={"what": label, "who": who_may(permission, actor)},
            )


def working_beyond(accounts: Iterable[UUID], actor: Access) -> set[UUID]:
    """Of these accounts, those that work in a project in which this person may give no role.

    One query at most.
    """
    if actor.can(Permission.PROJECTS_MANAGE_MEMBERS):
        return set()
    book = roles_with(Permission.PROJECTS_MANAGE_MEMBERS, actor.policies)
    roles = [role for role in book if role.scope is Scope.PROJECT]
    theirs = Project.objects.in_org(actor.org.id).filter(holding(Scope.PROJECT, roles, actor))
    rows = ServiceAccountProject.objects.in_org(actor.org.id).filter(account__in=accounts)
    return set(rows.exclude(project__in=theirs).values_list("account", flat=True))


def who_may(permission: Permission, actor: Access) -> str:
    """The organization roles that may, in words: "Owners and Admins"."""
    roles = [role for role in roles_with(permission, actor.policies) if role is not Role.OWNER]
    names = ["Owners", *(f"{role.label}s" for role in roles)]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def require_lending(account: ServiceAccount, project: Project | None, actor: Access) -> None:
    """Whoever lets a key act for an account could give what the key gets by it (`ceiling`).

    A key of a project gets a Project Member's rights there, and what the account's role lets
    any key do; one of the organization gets the account's role, and a Project Member's rights
    wherever the account works.
    """
    if project is not None:
        require_grant(actor, Role.PROJECT_MEMBER, project)
        _require_equal(account.role, actor)
        return
    require_role(account.role, actor)
    if working_beyond([account.pk], actor):
        message = (
            f"{account.name} works in projects in which you may give no role, and so would the "
            "key. Owners may."
        )
        raise ValidationError(message, code="ceiling")


def only_of_holder(role: str, actor: Access) -> Permission | None:
    """What this role lets any key do in the whole organization, and this person may not do."""
    for action, roles in keys.ROLES.items():
        if action.scope is Scope.ORGANIZATION and role in roles and not actor.can(action):
            return action
    return None


def _require_equal(role: str, actor: Access) -> None:
    action = only_of_holder(role, actor)
    if action is not None:
        label = action.label[0].lower() + action.label[1:]
        message = f"You may not {label}, and any key of this holder may."
        raise ValidationError(message, code="ceiling")
