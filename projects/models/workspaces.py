"""Workspaces: the level between an organization and its projects."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models

from config.roles import WORKSPACE_ROLES, Permission, Role, Scope
from config.text import NAME_LENGTH
from orgs.access import Access
from orgs.grants import role_permissions
from orgs.models.tenant import TenantModel, TenantQuerySet, sort_name
from projects.held import own_workspaces, roles_on_workspace
from projects.models.references import organization_key


class WorkspaceQuerySet(TenantQuerySet["Workspace"]):
    def visible_to(self, access: Access) -> WorkspaceQuerySet:
        """All of them for who may see all, else those with a role of one's own (S4-026)."""
        if access.can(Permission.WORKSPACES_VIEW_ALL):
            return self
        return self.filter(pk__in=own_workspaces(access))


class Workspace(TenantModel):
    """Products and projects under one name; a role here views all of them (X-18)."""

    scope: ClassVar = Scope.WORKSPACE
    kind_label: ClassVar = "workspace"
    icon: ClassVar = "rectangle-stack"

    organization = organization_key()
    name = models.CharField(max_length=NAME_LENGTH)
    sort_name = sort_name()
    description = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        permissions = role_permissions(*WORKSPACE_ROLES)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="workspace_name",
                violation_error_message="A workspace with this name exists.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "sort_name", "id"], name="workspace_by_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def roles_held_by(self, access: Access) -> frozenset[Role]:
        return roles_on_workspace(self.pk, access)

    def leaves(self, permission: Permission) -> bool:
        return True

    @property
    def places(self) -> list[UUID]:
        return [self.pk]
