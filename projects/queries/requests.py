"""Reads of requests: what waits for whom, what somebody asked for, who may decide it.

Deciding itself is in projects/actions/request_answers.py, and asks again there.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from config.keyset import Page, keyset_page
from config.roles import ORGANIZATION_ROLES, Permission, Role, Scope, permissions_of, roles_with
from orgs.access import Access
from orgs.ceiling import sharing_permission
from orgs.models import GroupMembership, GroupRole, Membership, Notice
from orgs.queries.groups import visible_groups
from projects.models import ProjectGroupGrant, Request, ResourceGroupGrant
from projects.policies import ProjectPolicy

P, Kind = Permission, Request.Kind
PAGE_SIZE = 25
MOST_PLACES = 5_000
MOST_TOLD = 10
NEWEST_FIRST = ("-created_at", "-id")

RELATED = (
    *("requested_by", "for_member", "answered_by", "workspace", "group"),
    *("project", "project__workspace", "resource", "resource__project"),
)
# Who shares a place may decide who gets access to it.
_SHARING = (
    *(P.PROJECTS_MANAGE_MEMBERS, P.WORKSPACES_MANAGE_MEMBERS),
    *(P.RUNNERS_SHARE, P.AUTOMATIONS_SHARE, P.HUB_PUBLISH),
)
_PLACELESS = Q(workspace=None, project=None, resource=None)


def request_at(access: Access, pk: UUID) -> Request | None:
    """The request, for who asked, for whom it is asked, and for who may decide it; else None."""
    found = Request.objects.in_org(access.org.id).select_related(*RELATED).filter(pk=pk).first()
    if found is None:
        return None
    involved = (found.requested_by_id, found.for_member_id, found.answered_by_id)
    return found if access.membership_id in involved or may_decide(access, found) else None


def may_decide(access: Access, request: Request) -> bool:
    """By their rights at this moment; never who asked, nor whom it is asked for (S1-017, C2-6)."""
    if access.membership_id in (request.requested_by_id, request.for_member_id):
        return False
    permission, place = deciding_permission(request), request.place
    # Whatever state the place is in: what stands on an archived project may still be refused.
    return permission in (access.permissions_on(place) if place else access.permissions)


def deciding_permission(request: Request) -> Permission:
    """What deciding this request takes, where it is about."""
    if request.kind == Kind.PROJECT:
        return P.PROJECTS_CREATE
    if request.kind == Kind.PUBLISH:
        return P.HUB_PUBLISH
    if request.kind == Kind.GROUP:
        if _roles_of_groups().filter(group=request.group_id).exists():
            return P.GROUPS_ASSIGN_ROLES
        guarded = any(rows.filter(group=request.group_id).exists() for rows in guarded_shares())
        return P.ORG_APPROVE_PRODUCTION if guarded else P.GROUPS_MANAGE_MEMBERS
    over = request.over
    final = over is not None and over.has_policy(ProjectPolicy.OWNERS_APPROVE)
    if request.kind == Kind.PRODUCTION or final:
        return P.ORG_APPROVE_PRODUCTION
    role, place = request.asked_role, request.place
    if place is None:
        return P.MEMBERS_CHANGE_ROLE if role in ORGANIZATION_ROLES else P.GROUPS_ASSIGN_ROLES
    return sharing_permission(role or _any_role(place.scope), place)


def waiting_for(access: Access) -> QuerySet[Request]:
    """What this person may decide, in the terms of `may_decide`. One query beforehand at most."""
    me, may = access.membership_id, access.permissions
    rows = still_open(Request.objects.in_org(access.org.id))
    mine = Q(pk__in=[])
    if P.PROJECTS_CREATE in may:
        mine |= Q(kind=Kind.PROJECT)
    if P.ORG_APPROVE_PRODUCTION in may:
        mine |= Q(kind=Kind.PRODUCTION)
    if P.GROUPS_ASSIGN_ROLES in may:
        mine |= Q(kind=Kind.GROUP)
    elif P.GROUPS_MANAGE_MEMBERS in may:
        told = [_roles_of_groups(), *guarded_shares()]
        of_owners = [Exists(rows.filter(group=OuterRef("group"))) for rows in told]
        mine |= Q(*[~each for each in of_owners], kind=Kind.GROUP)
    rows = rows.filter(mine | _about_places(access))
    return rows.exclude(requested_by=me).exclude(for_member=me)


def request_list(
    rows: QuerySet[Request], *, cursor: str | None = None, size: int = PAGE_SIZE
) -> Page[Request]:
    """These requests with what they name, newest first. One query."""
    return keyset_page(rows.select_related(*RELATED), order=NEWEST_FIRST, cursor=cursor, size=size)


def asked_by(access: Access) -> QuerySet[Request]:
    """What this person asked for, or what was asked for them."""
    me = access.membership_id
    rows = Request.objects.in_org(access.org.id)
    return rows.filter(Q(requested_by=me) | Q(for_member=me))


def still_open(rows: QuerySet[Request]) -> QuerySet[Request]:
    return rows.filter(state=Request.State.PENDING, expires_at__gt=Now())


def people_of(request: Request) -> list[UUID]:
    """The memberships whose access approving would change."""
    if request.kind == Kind.PRODUCTION and request.group_id:
        seats = GroupMembership.objects.in_org(request.organization_id)
        return list(seats.filter(group=request.group_id).values_list("membership_id", flat=True))
    return [request.for_member_id or request.requested_by_id]


def notice_list(
    access: Access, *, cursor: str | None = None, size: int = PAGE_SIZE
) -> Page[Notice]:
    """What this person was told, newest first. One query."""
    rows = Notice.objects.in_org(access.org.id).filter(membership=access.membership_id)
    return keyset_page(rows, order=NEWEST_FIRST, cursor=cursor, size=size)


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody holds at this moment, and how they come to it.

    A secret group keeps its name from who may not see it.
    """

    role: Role
    via: str
    group: str
    here: bool


def held_by(request: Request, viewer: Access) -> list[Held]:
    """The present access of whom the request is for, in the organization and at its place."""
    whom = request.for_member_id or request.requested_by_id
    places = [request.organization_id, *(request.place.places if request.place else [])]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT role, via, coalesce(group_name, ''), scope <> 'organization', group_id"
            " FROM access_paths(%s, NULL, %s) ORDER BY 4, 2 DESC, 1, 3 LIMIT 20",
            [places, [whom]],
        )
        rows = cursor.fetchall()
    groups = {row[4] for row in rows if row[4]}
    seen = visible_groups(viewer).filter(pk__in=groups).values_list("pk", flat=True)
    named = set(seen) if groups else set()
    return [
        Held(Role(role), via, name if group in named else "", here)
        for role, via, name, here, group in rows
    ]


def deciders_of(request: Request, access: Access) -> list[Membership]:
    """Whom to tell that something waits: ten owners at most and ten others who may decide it."""
    org, permission = access.org.id, deciding_permission(request)
    members = Membership.objects.in_org(org).filter(person__isnull=False)
    told = list(members.filter(role=Role.OWNER).order_by("joined_at")[:MOST_TOLD])
    others = [role for role in roles_with(permission, access.policies) if role is not Role.OWNER]
    if others:
        places = [org, *(request.place.places if request.place else [])]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM access_people(%s, %s, '', '', false, NULL, NULL, %s)",
                [places, others, MOST_TOLD],
            )
            found = [row[0] for row in cursor.fetchall()]
        told += list(members.filter(pk__in=found).exclude(role=Role.OWNER))
    asking = (request.requested_by_id, request.for_member_id)
    return [member for member in told if member.pk not in asking]


def _about_places(access: Access) -> Q:
    """Requests on workspaces, projects and resources, and those on the whole organization."""
    may, managed = access.permissions, managed_places(access)

    def where(permission: Permission, *fields: str) -> Q:
        if permission in may:
            return Q()
        among = Q(pk__in=[])
        for field in fields:
            among |= Q(**{f"{field}__in": managed[permission]})
        return among

    publish = Q(kind=Kind.PUBLISH) & where(P.HUB_PUBLISH, "resource__project")
    final = Q(project__policies__contains=[ProjectPolicy.OWNERS_APPROVE]) | Q(
        resource__project__policies__contains=[ProjectPolicy.OWNERS_APPROVE]
    )
    inside = Q(project__isnull=False) | Q(resource__project__isnull=False)
    shared = where(P.PROJECTS_MANAGE_MEMBERS, "project", "resource__project")
    decided = [
        inside & ~final & shared,
        Q(workspace__isnull=False) & where(P.WORKSPACES_MANAGE_MEMBERS, "workspace"),
        Q(resource__kind="runner") & where(P.RUNNERS_SHARE, "resource"),
        Q(resource__kind="automation") & where(P.AUTOMATIONS_SHARE, "resource"),
    ]
    if P.ORG_APPROVE_PRODUCTION in may:
        decided.append(inside & final)
    if P.MEMBERS_CHANGE_ROLE in may:
        decided.append(_PLACELESS & Q(role__in=ORGANIZATION_ROLES))
    if P.GROUPS_ASSIGN_ROLES in may:
        decided.append(_PLACELESS & ~Q(role__in=ORGANIZATION_ROLES))
    any_of = Q(pk__in=[])
    for one in decided:
        any_of |= one
    return publish | (Q(kind=Kind.ACCESS) & any_of)


def managed_places(access: Access) -> dict[Permission, list[UUID]]:
    """The places where this person's own roles let them share or publish. One query."""
    found: dict[Permission, list[UUID]] = defaultdict(list)
    if all(permission in access.permissions for permission in _SHARING):
        return found
    roles = [role for role in Role if permissions_of({role}, ()) & set(_SHARING)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT role, place_id FROM access_paths(NULL, %s, %s)"
            " WHERE scope <> 'organization' LIMIT %s",
            [roles, [access.membership_id], MOST_PLACES],
        )
        for role, place in cursor.fetchall():
            for permission in permissions_of({Role(role)}, ()) & set(_SHARING):
                found[permission].append(place)
    return found


def _roles_of_groups() -> Any:
    return GroupRole.objects.live()


def guarded_shares() -> list[Any]:
    """Roles of groups on projects, and on what is in them, where Owners approve access."""
    final = [ProjectPolicy.OWNERS_APPROVE.value]
    return [
        ProjectGroupGrant.objects.live().filter(content_object__policies__contains=final),
        ResourceGroupGrant.objects.live().filter(content_object__project__policies__contains=final),
    ]


def _any_role(scope: Scope) -> Role:
    """Sharing takes the same permission for every role that sits at this scope."""
    return next(role for role in Role if role.scope is scope)
