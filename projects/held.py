"""Which roles an actor holds on one object: one prepared round trip each (design, section 11).

Everything that counts there is counted: the person's own, their groups', and what comes down from
the project and the workspace. Roles of the whole organization are in `Access.roles` already.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models.expressions import RawSQL

from config.prepared import prepared_row
from config.roles import Role
from orgs.access import Access

_ON_WORKSPACE = "SELECT roles_on_workspace(%s, %s, %s)"
_ON_PROJECT = "SELECT roles_on_project(%s, %s, %s)"
_ON_RESOURCE = "SELECT roles_on_resource(%s, %s, %s)"


def roles_on_workspace(workspace: UUID, access: Access) -> frozenset[Role]:
    return _held(_ON_WORKSPACE, workspace, access)


def roles_on_project(project: UUID, access: Access) -> frozenset[Role]:
    return _held(_ON_PROJECT, project, access)


def roles_on_resource(resource: UUID, access: Access) -> frozenset[Role]:
    return _held(_ON_RESOURCE, resource, access)


def own_workspaces(access: Access) -> RawSQL:
    """The workspaces on which this person holds a role, for a queryset's `pk__in`."""
    return RawSQL("SELECT own_workspaces(%s, %s)", [access.person_id, access.membership_id])


def own_projects(access: Access) -> RawSQL:
    """The projects on which this person holds a role, through their workspace included."""
    return RawSQL("SELECT own_projects(%s, %s)", [access.person_id, access.membership_id])


def own_resources(access: Access) -> RawSQL:
    """The resources that are shared with this person, or with a group they are in."""
    return RawSQL("SELECT own_resources(%s, %s)", [access.person_id, access.membership_id])


def _held(statement: str, place: UUID, access: Access) -> frozenset[Role]:
    row = prepared_row(statement, [place, access.person_id, access.membership_id])
    return frozenset(map(Role, row[0])) if row and row[0] else frozenset()
