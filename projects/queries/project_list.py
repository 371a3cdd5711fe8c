"""Reads of projects as lists: the page of projects, those of a workspace, those to put into one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from config.keyset import Page, capped_count, keyset_page, page_of, read_cursor
from config.prepared import prepared_row
from config.roles import Permission, Scope, roles_with
from orgs.access import Access
from projects.forms.projects import NOWHERE, ProjectFilter
from projects.held import own_projects
from projects.models import Project, Workspace
from projects.policies import ProjectPolicy
from projects.queries.standing import (
    Standing,
    assignable_workspaces,
    holding,
    named,
    project_standing,
    with_standing,
    with_workspace_standing,
)

PAGE_SIZE = 50
ORDER = ("sort_name", "id")
ASSIGNABLE = 20
OFFERED = 40
_PAGE = "SELECT project_page(%s, %s, %s, %s, %s, %s::text, %s::uuid, %s)"
# In the order of the function: the columns of a project, and what is told beside it.
_COLUMNS = (
    *("id", "workspace_id", "name", "sort_name", "description", "is_product", "environment"),
    *("policies", "prebuilds", "state", "deletes_at", "created_at"),
)
_TOLD = ("own_direct", "own_groups", "own_above", "own_groups_above", "people", "groups")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectRow:
    """A project in a list, with one's own role there."""

    project: Project
    mine: Standing
    people: int
    groups: int


def projects_asked(access: Access, asked: ProjectFilter) -> QuerySet[Project]:
    """The projects that this person may see and asked for. No round trip."""
    projects: QuerySet[Project] = access.visible(Project.objects).filter(state=asked.state)
    if asked.state == Project.State.DELETED:
        projects = projects.filter(_restorable(access))
    if asked.mine:
        projects = projects.filter(pk__in=own_projects(access))
    if asked.label:
        projects = projects.filter(environment="" if asked.label == NOWHERE else asked.label)
    if asked.workspace:
        here = Q(workspace=asked.workspace) if asked.workspace != NOWHERE else Q(workspace=None)
        projects = projects.filter(here)
    return projects.filter(named(asked.search)) if asked.search else projects


def project_page(access: Access, asked: ProjectFilter) -> tuple[Page[Project], list[ProjectRow]]:
    """A page by name. One query, with one's own role in each row."""
    if asked.is_narrow or asked.state == Project.State.DELETED:
        return project_rows(access, projects_asked(access, asked), asked.cursor)
    backwards, after = _position(asked.cursor)
    found = prepared_row(*page_query(access, asked))
    said = json.loads(found[0]) if found and found[0] else []
    rows = [_project(row, access) for row in said]
    page = page_of(rows, ORDER, size=PAGE_SIZE, backwards=backwards, first=after is None)
    return page, [_row(row, access) for row in page.rows]


def page_query(access: Access, asked: ProjectFilter) -> tuple[str, list[Any]]:
    """The statement for a page of all projects that this person may see, or of their own."""
    backwards, after = _position(asked.cursor)
    own = asked.mine or not access.can(Permission.PROJECTS_VIEW_ALL)
    who = [access.person_id, access.membership_id, own, asked.state]
    return _PAGE, [*who, backwards, *(after or (None, None)), PAGE_SIZE + 1]


def project_rows(
    access: Access, projects: QuerySet[Project], cursor: str | None
) -> tuple[Page[Project], list[ProjectRow]]:
    rows = with_standing(projects.select_related("workspace"), Scope.PROJECT, access)
    rows = with_workspace_standing(rows, access)
    page = keyset_page(rows, order=ORDER, cursor=cursor, size=PAGE_SIZE)
    return page, [_row(row, access) for row in page.rows]


def project_count(access: Access, asked: ProjectFilter) -> int:
    return capped_count(projects_asked(access, asked))


def in_workspace(access: Access, workspace: Workspace, search: str) -> QuerySet[Project]:
    """What stands in a workspace, archived ones too."""
    projects = Project.objects.in_org(access.org.id).kept().filter(workspace=workspace)
    return projects.filter(named(search)) if search else projects


def projects_to_assign(access: Access, workspace: Workspace, search: str) -> list[Project]:
    """The first ones that this person sees and may put in here: out of none, or out of theirs."""
    movable = Q(workspace=None) | Q(workspace__in=assignable_workspaces(access).order_by())
    projects = access.visible(Project.objects).filter(movable, state=Project.State.ACTIVE)
    projects = projects.exclude(workspace=workspace).select_related("workspace")
    if not access.can(Permission.ORG_APPROVE_PRODUCTION):
        # Where Owners approve access, an Owner lets a whole workspace in.
        projects = projects.exclude(policies__contains=[ProjectPolicy.OWNERS_APPROVE.value])
    if search:
        projects = projects.filter(named(search))
    return list(projects.order_by(*ORDER)[:ASSIGNABLE])


def workspaces_offered(access: Access) -> list[Workspace]:
    """The first workspaces by name, for the filter of the list."""
    return list(access.visible(Workspace.objects).order_by(*ORDER)[:OFFERED])


def _restorable(access: Access) -> Q:
    """A deleted project is seen by who may restore it, and by nobody else."""
    if access.can(Permission.PROJECTS_DELETE):
        return Q()
    book = roles_with(Permission.PROJECTS_DELETE, access.policies)
    roles = [role for role in book if role.scope is Scope.PROJECT]
    return holding(Scope.PROJECT, roles, access)


def _position(cursor: str | None) -> tuple[bool, list[Any] | None]:
    """Where the cursor stands; the beginning for one of another list."""
    backwards, after = read_cursor(cursor, len(ORDER))
    if after is None or not (isinstance(after[0], str) and isinstance(after[1], UUID)):
        return False, None
    return backwards, after


def _project(said: list[Any], access: Access) -> Project:
    """A project as the ORM would have read it, with what `with_standing` annotates."""
    pk, above, name_above, *values = said
    *values, deletes_at, created_at = values[: len(_COLUMNS) - 2]
    project = Project(
        id=UUID(pk),
        organization_id=access.org.id,
        workspace_id=above and UUID(above),
        deletes_at=deletes_at and datetime.fromisoformat(deletes_at),
        created_at=datetime.fromisoformat(created_at),
        **dict(zip(_COLUMNS[2:-2], values, strict=True)),
    )
    project._state.adding, project._state.db = False, "default"
    if above:
        project.workspace = Workspace(
            id=project.workspace_id, organization_id=access.org.id, name=name_above
        )
    for name, value in zip(_TOLD, said[-len(_TOLD) :], strict=True):
        setattr(project, name, value)
    return project


def _row(row: Project, access: Access) -> ProjectRow:
    counted: dict[str, int] = {"people": row.people, "groups": row.groups}  # type: ignore[attr-defined]
    return ProjectRow(project=row, mine=project_standing(row, access), **counted)
