"""The ceiling of service accounts: what nobody may reach through one that they may not give.

What it holds back is in `service_accounts.py`, `service_tokens.py` and `key_rotation.py`.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError

from config.roles import Permission, Role, Scope, roles_with
from orgs.access import Access, require_grant
from projects import keys
from projects.actions.keys import require_ceiling
from projects.models import Key, Project, ServiceAccount, ServiceToken
from projects.queries.standing import holding


def require_holding(key: Key, actor: Access) -> None:
    """A new secret acts for the key's holder: nobody gets more by it than they have (`ceiling`).

    One's own key is one's own. One of a project takes what it does there; one of the whole
    organization, which reaches wherever its holder does, takes being an Owner.
    """
    if key.creator_id is not None and key.creator_id == actor.membership_id:
        return
    if key.account is not None:
        require_lending(key.account, key.project, actor)
    elif key.project is not None:
        require_ceiling(key, actor)
    elif not actor.can(Permission.MEMBERS_CHANGE_ROLE):
        name = key.creator.name if key.creator else key.created_by
        message = (
            f"A new secret would act for {name}, with rights that may reach beyond yours. "
            f"{name} or an Owner may make it."
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


def who_may(permission: Permission, actor: Access) -> str:
    """The organization roles that may, in words: "Owners and Admins"."""
    roles = [role for role in roles_with(permission, actor.policies) if role is not Role.OWNER]
    names = ["Owners", *(f"{role.label}s" for role in roles)]
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def require_lending(account: ServiceAccount, project: Project | None, actor: Access) -> None:
    """Whoever lets a key act for an account could give what the key gets by it (`ceiling`).

    A key of a project gets a Project Member's rights there; one of the organization gets the
    account's role, and a Project Member's rights wherever the account works.
    """
    if project is not None:
        require_grant(actor, Role.PROJECT_MEMBER, project)
        return
    require_role(account.role, actor)
    if actor.can(Permission.PROJECTS_MANAGE_MEMBERS):
        return
    book = roles_with(Permission.PROJECTS_MANAGE_MEMBERS, actor.policies)
    roles = [role for role in book if role.scope is Scope.PROJECT]
    works_in = Project.objects.in_org(actor.org.id).filter(service_accounts__account=account)
    if works_in.exclude(holding(Scope.PROJECT, roles, actor)).exists():
        message = (
            f"{account.name} works in projects in which you may give no role, and so would the "
            "key. Owners may."
        )
        raise ValidationError(message, code="ceiling")
