"""What one person holds where, for lists: their own role in each row, and the rows of a role.

A decision about one object is `orgs/access.py`; how a role came about is `projects/explain/`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Count,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Coalesce

from config.roles import Permission, Role, Scope, roles_with
from orgs.access import Access
from orgs.grants import permission_id, role_of
from orgs.queries.groups import live_seats
from projects.actions.shares import TABLES
from projects.models import Workspace


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """The role that counts most there, and how one comes to it."""

    role: Role | None = None
    via: str = ""
    inherited: bool = False


INHERITED = "Inherited"


def with_standing(rows: QuerySet[Any], scope: Scope, access: Access) -> QuerySet[Any]:
    """The permission ids of one's own roles on each row, and how many hold a role there directly.

    Sub-selects by index, so a page stays one query however many rows it has.
    """
    annotated: QuerySet[Any] = rows.annotate(
        own_direct=_own(scope, "pk", access),
        own_groups=_own_groups(scope, "pk", access),
        people=_holders(scope, 0, access),
        groups=_holders(scope, 1, access),
    )
    return annotated


def with_workspace_standing(rows: QuerySet[Any], access: Access) -> QuerySet[Any]:
    """The same for the workspace that each project is in."""
    annotated: QuerySet[Any] = rows.annotate(
        own_above=_own(Scope.WORKSPACE, "workspace", access),
        own_groups_above=_own_groups(Scope.WORKSPACE, "workspace", access),
    )
    return annotated


def project_standing(row: Any, access: Access) -> Standing:
    if Role.OWNER in access.roles:
        return Standing(role=Role.OWNER, via=INHERITED, inherited=True)
    own = _best(row.own_direct, row.own_groups)
    if own.role is None and Role.PROJECTS_ADMIN in access.roles:
        return Standing(role=Role.PROJECTS_ADMIN, via=INHERITED, inherited=True)
    if own.role is None:
        above = _best(row.own_above, row.own_groups_above)
        return Standing(role=above.role, via="Through the workspace" if above.role else "")
    return own


def workspace_standing(row: Any, access: Access) -> Standing:
    """Who sees every workspace has a Workspace Admin's access, without an entry (S4-025)."""
    if access.can(Permission.WORKSPACES_VIEW_ALL):
        return Standing(role=Role.WORKSPACE_ADMIN, via=INHERITED, inherited=True)
    return _best(row.own_direct, row.own_groups)


def holding(scope: Scope, roles: Iterable[Role], access: Access) -> Q:
    """The rows on which this person holds one of these roles, given to them or to their group."""
    person, group = (table.objects.in_org(access.org.id).live() for table in TABLES[scope])
    ids = [permission_id(role) for role in roles]
    on = {"content_object": OuterRef("pk"), "permission__in": ids}
    direct = person.filter(user=access.person_id, **on)
    through = group.filter(group__in=_my_groups(access), **on)
    return Q(Exists(direct)) | Q(Exists(through))


def assignable_workspaces(access: Access) -> QuerySet[Workspace]:
    """Where this person may put projects, by name."""
    workspaces = Workspace.objects.in_org(access.org.id).order_by("sort_name", "id")
    if access.can(Permission.WORKSPACES_ASSIGN_PROJECTS):
        return workspaces
    book = roles_with(Permission.WORKSPACES_ASSIGN_PROJECTS, access.policies)
    roles = [role for role in book if role.scope is Scope.WORKSPACE]
    return workspaces.filter(holding(Scope.WORKSPACE, roles, access))


def named(search: str) -> Q:
    """Whose name holds this, without case or accents."""
    folded = Func(Value(search), function="fold_name", output_field=TextField())
    return Q(sort_name__contains=folded)


def _own(scope: Scope, key: str, access: Access) -> Subquery:
    grants = TABLES[scope][0].objects.in_org(access.org.id).live()
    mine = grants.filter(content_object=OuterRef(key), user=access.person_id)
    return Subquery(mine.values("permission")[:1], output_field=IntegerField())


def _own_groups(scope: Scope, key: str, access: Access) -> ArraySubquery:
    grants = TABLES[scope][1].objects.in_org(access.org.id).live()
    mine = grants.filter(content_object=OuterRef(key), group__in=_my_groups(access))
    return ArraySubquery(mine.values("permission"))


def _my_groups(access: Access) -> QuerySet[Any]:
    seats = live_seats().filter(organization=access.org.id, membership=access.membership_id)
    return seats.values("group")


def _holders(scope: Scope, kind: int, access: Access) -> Coalesce:
    grants = TABLES[scope][kind].objects.in_org(access.org.id).live()
    there = grants.filter(content_object=OuterRef("pk")).order_by().values("content_object")
    counted = there.annotate(n=Count(F("pk"))).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _best(direct: int | None, through: list[int]) -> Standing:
    """The first in the order of the book, which names the wider roles first."""
    own = role_of(direct) if direct is not None else None
    carried = {role_of(one) for one in through}
    best = next((role for role in Role if role is own or role in carried), None)
    if best is None:
        return Standing()
    return Standing(role=best, via="Given to you" if best is own else "Through a group")
