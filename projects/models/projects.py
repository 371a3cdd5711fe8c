"""Projects and their secrets."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.roles import PROJECT_ROLES, Permission, Role, Scope
from config.text import NAME_LENGTH
from orgs.access import Access
from orgs.grants import role_permissions
from orgs.models.tenant import TenantModel, TenantQuerySet, sort_name
from projects.held import own_projects, roles_on_project
from projects.models.references import key, organization_key
from projects.policies import ProjectPolicy

# What an archived project still allows: looking, and bringing it back. A deleted one only the last.
_READING = frozenset(
    {
        *(Permission.PROJECTS_VIEW, Permission.PROJECTS_VIEW_AUDIT),
        *(Permission.PROJECTS_VIEW_USAGE, Permission.PROJECTS_VIEW_COSTS),
        Permission.PROJECTS_DELETE,
    }
)


class ProjectQuerySet(TenantQuerySet["Project"]):
    def visible_to(self, access: Access) -> ProjectQuerySet:
        """All of them for who may see all, else those with a role there or above (S2-040)."""
        if access.can(Permission.PROJECTS_VIEW_ALL):
            return self
        return self.filter(pk__in=own_projects(access))

    def active(self) -> ProjectQuerySet:
        return self.filter(state=Project.State.ACTIVE)

    def kept(self) -> ProjectQuerySet:
        """Active or archived, not deleted."""
        return self.exclude(state=Project.State.DELETED)


class Project(TenantModel):
    """One body of work: its resources, people, secrets and settings. At most in one workspace."""

    scope: ClassVar = Scope.PROJECT
    kind_label: ClassVar = "project"
    icon: ClassVar = "folder"

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        ARCHIVED = "archived", "Archived"
        DELETED = "deleted", "Deleted"

    class Environment(models.TextChoices):
        NONE = "", "No label"
        PRODUCTION = "production", "Production"
        STAGING = "staging", "Staging"
        DEVELOPMENT = "development", "Development"

    organization = organization_key()
    workspace = key("projects.Workspace", name="projects", null=True)
    name = models.CharField(max_length=NAME_LENGTH)
    sort_name = sort_name()
    description = models.CharField(max_length=500, blank=True, default="")
    is_product = models.BooleanField(default=False)
    environment = models.TextField(choices=Environment, blank=True, default=Environment.NONE)
    policies = ArrayField(models.TextField(), default=list, blank=True)
    prebuilds = models.JSONField(default=dict, blank=True)
    state = models.TextField(choices=State, default=State.ACTIVE)
    deletes_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        permissions = role_permissions(*PROJECT_ROLES)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                condition=~Q(state="deleted"),
                name="project_name",
                violation_error_message="A project with this name exists.",
            ),
            models.CheckConstraint(
                condition=~Q(state="deleted") | Q(deletes_at__isnull=False),
                name="project_deleted_has_a_date",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "state", "sort_name", "id"], name="project_by_name"
            ),
            models.Index(fields=["workspace", "sort_name", "id"], name="project_by_workspace"),
        ]

    def __str__(self) -> str:
        return self.name

    def roles_held_by(self, access: Access) -> frozenset[Role]:
        return roles_on_project(self.pk, access)

    def leaves(self, permission: Permission) -> bool:
        """Does the project's state leave this permission in force?"""
        if self.state == self.State.ACTIVE:
            return True
        if self.state == self.State.ARCHIVED:
            return permission in _READING
        return permission is Permission.PROJECTS_DELETE

    @property
    def places(self) -> list[UUID]:
        return [self.pk, self.workspace_id] if self.workspace_id else [self.pk]

    def has_policy(self, policy: ProjectPolicy) -> bool:
        return policy.value in self.policies


class Secret(TenantModel):
    """A value that only what runs in the project may read; encrypted, and never shown again."""

    organization = organization_key()
    project = key("projects.Project", name="secrets")
    name = models.CharField(max_length=NAME_LENGTH)
    ciphertext = models.BinaryField()
    length = models.PositiveIntegerField(help_text="Bytes of the value.")
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = key("orgs.Membership", null=True)

    objects = TenantQuerySet["Secret"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="secret_name",
                violation_error_message="A secret with this name exists.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
