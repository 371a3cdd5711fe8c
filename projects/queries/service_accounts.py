"""Reads of service accounts: the list, one's page, and where it could be placed.

Who may do what with them is in `projects/actions/service_accounts.py` and `service_ceiling.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import (
    Count,
    DateTimeField,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from config.keyset import Page, keyset_page
from config.roles import Permission, Role, Scope, roles_with
from orgs.access import Access
from orgs.ceiling import may_grant
from projects import keys
from projects.actions.service_ceiling import who_may
from projects.models import (
    Key,
    KeySecret,
    Project,
    ServiceAccount,
    ServiceAccountProject,
    ServiceToken,
)
from projects.policies import ProjectPolicy
from projects.queries.keys import last_use, projects_seen
from projects.queries.standing import holding, named

PAGE_SIZE = 50
SHOWN = 100
OFFERED = 20

# What each scope lets a token do, in plain words.
MEANINGS = {
    ServiceToken.Scope.DECIDE: "Asks what people and keys may do, and verifies keys.",
    ServiceToken.Scope.RECORD: "Reports what was used and what ran, which counts against budgets.",
    ServiceToken.Scope.AUDIT_READ: "Reads every entry of the audit log.",
    ServiceToken.Scope.AUDIT_EXPORT: "Takes the whole audit log away as a file.",
    ServiceToken.Scope.MEMBERS_INVITE: "Sends invitations, each of which takes a seat.",
    ServiceToken.Scope.SCIM: "Adds, changes and removes people and groups, with their roles.",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ScopeChoice:
    """A scope in a form; `who` is who may give it, where this person may not."""

    value: str
    label: str
    meaning: str
    who: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldKey:
    """A key of an account; `place` is empty where the project may not be named."""

    key: Key
    place: str
    may_open: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Working:
    """A project in which an account works; `project` is None where it may not be named."""

    row: ServiceAccountProject
    project: Project | None


def account_page(access: Access, *, search: str, cursor: str | None) -> Page[ServiceAccount]:
    """A page by name, each with its live keys and tokens, projects and last use. One query."""
    rows = counted(ServiceAccount.objects.in_org(access.org.id))
    if search:
        rows = rows.filter(Q(name__icontains=search) | Q(description__icontains=search))
    return keyset_page(rows, order=("name", "id"), cursor=cursor, size=PAGE_SIZE)


def counted(rows: QuerySet[Any]) -> QuerySet[Any]:
    mine = {"account": OuterRef("pk")}
    now = timezone.now()
    live = Q(expires_at=None) | Q(expires_at__gt=now)
    held = Key.objects.filter(live, revoked_at=None, **mine)
    tokens = ServiceToken.objects.filter(live, revoked_at=None, **mine)
    all_tokens = ServiceToken.objects.filter(**mine)
    secrets = KeySecret.objects.filter(key__account=OuterRef("pk"))
    annotated: QuerySet[Any] = rows.annotate(
        live_keys=_number(held),
        live_tokens=_number(tokens),
        works_in=_number(ServiceAccountProject.objects.filter(**mine)),
        used_at=Greatest(_last(all_tokens, "account"), _last(secrets, "key__account")),
    )
    return annotated


def account_facts(access: Access, account: ServiceAccount) -> dict[str, Any]:
    """What one's page shows. Four queries, whatever it holds."""
    mine = {"account": account}
    tokens = ServiceToken.objects.in_org(access.org.id).filter(**mine)
    works = ServiceAccountProject.objects.in_org(access.org.id).filter(**mine)
    works = works.select_related("project", "granted_by").order_by("project__sort_name", "id")
    places = list(works[: SHOWN + 1])
    held = Key.objects.in_org(access.org.id).filter(**mine).select_related("project")
    rows = list(held.annotate(used_at=last_use()).order_by("-created_at", "-id")[: SHOWN + 1])
    seen = projects_seen(access, [*rows, *places])
    newest = tokens.order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "-id")
    made = list(newest[: SHOWN + 1])
    return {
        "tokens": sorted(made[:SHOWN], key=lambda token: not token.is_live),
        "works": [
            Working(row=row, project=row.project if row.project_id in seen else None)
            for row in places[:SHOWN]
        ],
        "keys": [_held(access, key, seen) for key in rows[:SHOWN]],
        "shown": SHOWN,
        "more": any(len(one) > SHOWN for one in (made, places, rows)),
    }


def effects(account: ServiceAccount) -> dict[str, int]:
    """How much stops with it. One query."""
    rows = counted(ServiceAccount.objects.in_org(account.organization_id).filter(pk=account.pk))
    found = rows.values("live_keys", "live_tokens", "works_in").first()
    return found or {"live_keys": 0, "live_tokens": 0, "works_in": 0}


def live_keys_there(account: ServiceAccount, project: Project) -> int:
    """How many of its keys are made for this project alone."""
    rows = Key.objects.in_org(account.organization_id).live()
    return rows.filter(account=account, project=project).count()


def scope_choices(access: Access) -> list[ScopeChoice]:
    """The scopes of a token, with those this person may not give shown off (X-10)."""
    return [
        ScopeChoice(
            value=scope.value,
            label=scope.label,
            meaning=MEANINGS[scope],
            who="" if access.can(permission) else who_may(permission, access),
        )
        for scope, permission in ((one, keys.SCOPES[one.value]) for one in ServiceToken.Scope)
    ]


def may_give_member(access: Access) -> bool:
    return may_grant(access, Role.MEMBER)


def projects_to_place(access: Access, account: ServiceAccount, search: str) -> list[Project]:
    """The first projects by name that this person sees and may let it into. One query."""
    there = ServiceAccountProject.objects.filter(account=account, project=OuterRef("pk"))
    projects = placeable(access).exclude(Exists(there))
    if search:
        projects = projects.filter(named(search))
    return list(projects.order_by("sort_name", "id")[:OFFERED])


def placeable(access: Access) -> QuerySet[Project]:
    """The active projects in which this person may give the role Project Member to an account."""
    projects: QuerySet[Project] = access.visible(Project.objects).filter(state=Project.State.ACTIVE)
    projects = projects.exclude(policies__contains=[ProjectPolicy.SHARES_END.value])
    if not access.can(Permission.ORG_APPROVE_PRODUCTION):
        projects = projects.exclude(policies__contains=[ProjectPolicy.OWNERS_APPROVE.value])
    if access.can(Permission.PROJECTS_MANAGE_MEMBERS):
        return projects
    book = roles_with(Permission.PROJECTS_MANAGE_MEMBERS, access.policies)
    roles = [role for role in book if role.scope is Scope.PROJECT]
    return projects.filter(holding(Scope.PROJECT, roles, access))


def _held(access: Access, key: Key, seen: frozenset[UUID]) -> HeldKey:
    if key.project is None:
        return HeldKey(key=key, place=access.org.name, may_open=True)
    is_seen = key.project_id in seen
    may_open = access.can(Permission.KEYS_SET_POLICIES)
    return HeldKey(key=key, place=key.project.name if is_seen else "", may_open=may_open)


def _number(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().values("account").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _last(rows: QuerySet[Any], by: str) -> Subquery:
    found = rows.order_by().values(by).annotate(last=Max("last_used_at")).values("last")
    return Subquery(found, output_field=DateTimeField())
