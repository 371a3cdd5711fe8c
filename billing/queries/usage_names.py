"""Who and what usage is counted for, by name, as far as the reader may know it.

SQL fragments for `usage_rows.py`: what is gone keeps its line without a name, and everything that
the reader may not see is one line together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from billing.models import UsageDay
from config.roles import Permission
from orgs.access import Access
from orgs.models import Group, Membership
from orgs.queries.groups import visible_groups
from projects.models import Key, Project

Dimension = UsageDay.Dimension


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """How the lines of one dimension are called where they have no name of their own."""

    one: str
    many: str
    nothing: str
    gone: str = ""
    unseen: str = ""
    unseen_many: str = ""
    icon: str = "cube"


WORDS = {
    Dimension.PROJECT: Words(
        one="project",
        many="projects",
        nothing="In no project",
        gone="A deleted project",
        unseen="A project you do not see",
        unseen_many="Projects you do not see",
        icon="folder",
    ),
    Dimension.GROUP: Words(
        one="cost centre",
        many="cost centres",
        nothing="No cost centre",
        gone="A deleted group",
        unseen="A group you do not see",
        unseen_many="Groups you do not see",
        icon="user-group",
    ),
    Dimension.PERSON: Words(
        one="person",
        many="people",
        nothing="No person",
        gone="A former member",
        unseen="A person you do not see",
        unseen_many="People you do not see",
        icon="user",
    ),
    Dimension.KEY: Words(
        one="key",
        many="keys",
        nothing="Unknown keys",
        gone="A deleted key",
        unseen="A key you do not see",
        unseen_many="Keys you do not see",
        icon="key",
    ),
    Dimension.MODEL: Words(one="model", many="models", nothing="No model named", icon="cpu-chip"),
    Dimension.TASK: Words(one="task", many="tasks", nothing="No task named", icon="queue-list"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """All rows of an organization that a dimension's ids may name, and those the reader sees."""

    every: QuerySet[Any]
    seen: QuerySet[Any] | None
    """None where the reader sees every one."""


def known(access: Access, dimension: Dimension, *, at: Project | None = None) -> Known | None:
    """`at` is the project whose page this is. None for names that are no ids. No query."""
    org = access.org.id
    if dimension == Dimension.PROJECT:
        # A project that is being deleted has no name to anybody but who may restore it.
        projects = Project.objects.in_org(org).exclude(state=Project.State.DELETED)
        return Known(projects, _unless(access, Permission.PROJECTS_VIEW_ALL, _projects(access)))
    if dimension == Dimension.GROUP:
        return Known(Group.objects.in_org(org), _groups(access))
    if dimension == Dimension.PERSON:
        people = Membership.objects.in_org(org)
        own = people.filter(pk__in=[access.membership_id] if access.membership_id else [])
        return Known(people, _unless(access, Permission.MEMBERS_VIEW, own))
    if dimension == Dimension.KEY:
        keys = Key.objects.in_org(org)
        return Known(keys, _unless(access, Permission.KEYS_SET_POLICIES, _keys(access, at)))
    return None


def _unless(access: Access, permission: Permission, rows: QuerySet[Any]) -> QuerySet[Any] | None:
    return None if access.can(permission) else rows


def _projects(access: Access) -> QuerySet[Project]:
    rows: QuerySet[Project] = access.visible(Project.objects)
    return rows


def _groups(access: Access) -> QuerySet[Group] | None:
    if access.can(Permission.GROUPS_MANAGE_MEMBERS):
        return None
    groups = visible_groups(access)
    if access.can(Permission.GROUPS_VIEW):
        return groups
    return groups.filter(seats__membership=access.membership_id)


def _keys(access: Access, at: Project | None) -> QuerySet[Key]:
    """One's own, the organization's, and those of the projects one sees; others' personal keys
    only in a project whose keys one manages."""
    keys = Key.objects.in_org(access.org.id)
    of_others = Q(project=None)
    if at is not None:
        of_others |= Q(project=at.pk)
        managed = access.can(Permission.PROJECTS_CREATE_KEYS, at)
    else:
        of_others |= Q(project__in=_projects(access).values("pk"))
        managed = False
    if not managed:
        of_others &= ~Q(kind=Key.Kind.PERSONAL)
    return keys.filter(Q(creator=access.membership_id, creator__isnull=False) | of_others)
