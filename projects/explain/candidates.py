"""What could be given or changed for a member: the single parts that a suggestion is made of.

Which of them turn a no into a yes is decided in `suggestions.py`; who may do them in `givers.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Now

from config.roles import (
    GROUP_ROLES,
    ORGANIZATION_ROLES,
    PROJECT_ROLES,
    RESOURCE_ROLES,
    ROLE_POLICY_PERMISSIONS,
    WORKSPACE_ROLES,
    Permission,
    Policy,
    Role,
    Scope,
    cell,
    permissions_of,
)
from orgs.access import Access
from orgs.ceiling import sharing_permission
from orgs.grants import permission_id, role_of
from orgs.models import Group, GroupMembership, GroupRole
from orgs.models.organizations import Entitlement
from orgs.queries.groups import visible_groups
from projects.actions.shares import TABLES
from projects.explain.answer import Deed, Part
from projects.explain.paths import levels
from projects.explain.rows import Row
from projects.explain.standing import AnyPlace, Standing
from projects.kinds import kind_of
from projects.models import Project, Resource
from projects.policies import ProjectPolicy
from projects.queries.requests import guarded_shares

# How many groups are worth naming: the smallest that would do.
GROUPS = 3
_ROLES_AT = {
    Scope.WORKSPACE: WORKSPACE_ROLES,
    Scope.PROJECT: PROJECT_ROLES,
    Scope.RESOURCE: RESOURCE_ROLES,
}
P = Permission


def obstacles(standing: Standing, permission: Permission) -> tuple[Part, ...]:
    """What has to be done first, whatever is given: no role helps against these."""
    found: list[Part] = []
    name = standing.member.name
    if standing.ended and not standing.member.is_support:
        title = f"Extend the membership of {name}"
        found.append(Part(deed=Deed.EXTEND, title=title, takes=P.MEMBERS_CHANGE_ROLE))
    project = project_of(standing.place)
    if project and not project.leaves(permission):
        found.append(_restoring(project))
    return tuple(found)


def single_parts(
    standing: Standing, permission: Permission, rows: list[Row], asker: Access | None
) -> Iterator[Part]:
    """Roles that include the permission, now or while a policy is on, by every way they come."""
    including = [role for role in Role if cell(role, permission) != "no"]
    for level in levels(standing.place):
        for role in _ROLES_AT[level.scope]:
            if role in including:
                yield share_part(standing, level, role, rows)
    if asker is None or asker.can(P.GROUPS_VIEW):
        yield from _joins(standing, including, asker)
        yield from _carries(standing, including, asker)
    # Nobody is asked to stop being an Owner; a window's role is the window's own.
    if Role.OWNER not in standing.roles and not standing.member.is_support:
        for role in ORGANIZATION_ROLES:
            if role in including and role not in (standing.member.role, Role.END_USER):
                yield role_part(standing, role)


def companions(standing: Standing, permission: Permission) -> Iterator[Part]:
    """What a role may need beside it: a policy, a publication, a project that is in use."""
    project = project_of(standing.place)
    if project and not project.leaves(P.PROJECTS_CHANGE):
        yield _restoring(project)
    policies = {
        policy
        for (_, permitted), policy in ROLE_POLICY_PERMISSIONS.items()
        if permitted is permission and policy not in standing.org.policies
    }
    for policy in sorted(policies):
        yield _policy_part(policy)
    if Role.END_USER in standing.roles:
        yield role_part(standing, Role.MEMBER)
        place = standing.place
        if isinstance(place, Resource) and not place.is_published and kind_of(place).use:
            title = f"Publish {place.name}"
            yield Part(deed=Deed.PUBLISH, title=title, takes=P.HUB_PUBLISH, on=place)


def share_part(standing: Standing, level: AnyPlace, role: Role, rows: list[Row]) -> Part:
    here = level is standing.place
    where = "here" if here else f"in {level.name}"
    own = next((row for row in rows if row.via == "direct" and row.place == level.pk), None)
    instead = f" instead of {own.role.label}" if own else ""
    project = project_of(level)
    return Part(
        deed=Deed.SHARE,
        title=f"{role.label}{instead} {where}",
        takes=sharing_permission(role, level),
        on=level,
        role=role,
        grant=own.grant if own else None,
        needs_approval=bool(project and project.has_policy(ProjectPolicy.OWNERS_APPROVE)),
    )


def role_part(standing: Standing, role: Role) -> Part:
    title = f"{role.label} of {standing.org.name}"
    return Part(deed=Deed.CHANGE_ROLE, title=title, takes=P.MEMBERS_CHANGE_ROLE, role=role)


def project_of(place: AnyPlace | None) -> Project | None:
    return next((one for one in levels(place) if isinstance(one, Project)), None)


def _restoring(project: Project) -> Part:
    title = f"Restore {project.name}"
    return Part(deed=Deed.RESTORE, title=title, takes=P.PROJECTS_DELETE, on=project)


def _policy_part(policy: Policy) -> Part:
    return Part(
        deed=Deed.TURN_ON,
        title=f"Turn on “{policy.label}”",
        takes=P.ORG_MANAGE_SETTINGS,
        policy=policy,
    )


def _joins(standing: Standing, including: list[Role], asker: Access | None) -> Iterator[Part]:
    """Groups that carry such a role, or hold one here: those that bring the least. One query."""
    groups = _groups(standing, asker).exclude(_seated(standing))
    wanted = [permission_id(role) for role in including if role in _GRANTED]
    hits, here = Q(_carrying(wanted)), []
    for number, level in enumerate(levels(standing.place)):
        grants = TABLES[level.scope][1].objects.in_org(standing.org.id).live()
        grants = grants.filter(group=OuterRef("pk"), content_object=level.pk)
        hits |= Q(Exists(grants.filter(permission__in=wanted)))
        groups = groups.annotate(**{f"here_{number}": ArraySubquery(grants.values("permission"))})
        here.append(f"here_{number}")
    carried = GroupRole.objects.in_org(standing.org.id).live().filter(group=OuterRef("pk"))
    groups = groups.filter(hits).annotate(
        carried=ArraySubquery(carried.values("permission")),
        carries=_number(carried),
        opens=_opens(standing),
        guarded=_guarded(),
    )
    for group in groups.order_by("carries", "opens", "sort_name", "id")[:GROUPS]:
        yield _join_part(group, [pk for name in here for pk in getattr(group, name)])


def _join_part(group: Any, here: list[int]) -> Part:
    brings = frozenset(map(role_of, group.carried))
    return Part(
        deed=Deed.JOIN,
        title=f"Join {group.name}",
        takes=P.GROUPS_ASSIGN_ROLES if brings else P.GROUPS_MANAGE_MEMBERS,
        group=group.pk,
        group_name=group.name,
        brings=brings,
        brings_here=frozenset(map(role_of, here)),
        others=max(0, group.opens - len(here)),
        needs_approval=group.guarded,
    )


def _carries(standing: Standing, including: list[Role], asker: Access | None) -> Iterator[Part]:
    """The smallest group this member is in, carrying the smallest role that would do. One query."""
    roles = [role for role in GROUP_ROLES if role in including]
    if not roles or not standing.org.includes(Entitlement.GROUP_ROLES):
        return
    role = min(roles, key=lambda one: len(permissions_of({one}, ())))
    seats = GroupMembership.objects.filter(group=OuterRef("pk"))
    groups = _groups(standing, asker).filter(_seated(standing)).annotate(people=_number(seats))
    for group in groups.order_by("people", "sort_name", "id")[:1]:
        yield Part(
            deed=Deed.CARRY,
            title=f"Let {group.name} carry {role.label}",
            takes=P.GROUPS_ASSIGN_ROLES,
            role=role,
            group=group.pk,
            group_name=group.name,
            brings=frozenset({role}),
            others=group.people,
        )


_GRANTED = frozenset({*GROUP_ROLES, *WORKSPACE_ROLES, *PROJECT_ROLES, *RESOURCE_ROLES})


def _groups(standing: Standing, asker: Access | None) -> QuerySet[Group]:
    """Those that the asker may know of."""
    return visible_groups(asker) if asker else Group.objects.in_org(standing.org.id)


def _seated(standing: Standing) -> Exists:
    seats = GroupMembership.objects.filter(group=OuterRef("pk"), membership=standing.member.pk)
    return Exists(seats.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now())))


def _carrying(wanted: list[int]) -> Exists:
    roles = GroupRole.objects.live().filter(group=OuterRef("pk"))
    return Exists(roles.filter(permission__in=wanted))


def _guarded() -> Q:
    """Owners alone fill a group that has a role where they approve access."""
    project, resource = (rows.filter(group=OuterRef("pk")) for rows in guarded_shares())
    return Q(Exists(project)) | Q(Exists(resource))


def _number(rows: Any) -> Coalesce:
    counted = rows.order_by().values("group").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


def _opens(standing: Standing) -> Any:
    """How many places are shared with the group."""
    total: Any = None
    for _, table in TABLES.values():
        shared = table.objects.in_org(standing.org.id).live().filter(group=OuterRef("pk"))
        total = _number(shared) if total is None else total + _number(shared)
    return total
