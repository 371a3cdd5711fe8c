"""Resources: what a project holds, and the runners and automations of the organization.

What a kind's configuration looks like is in `projects/kinds.py`.
"""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.roles import RESOURCE_ROLES, Permission, Role, Scope
from config.text import NAME_LENGTH
from orgs.access import Access
from orgs.grants import role_permissions
from orgs.models.tenant import TenantModel, TenantQuerySet, sort_name
from projects.held import own_projects, own_resources, roles_on_resource
from projects.models.references import key, organization_key

IN_A_PROJECT = ("agent", "workflow", "tool", "knowledge_base")
OF_THE_ORGANIZATION = ("runner", "automation")
SEE_ALL = {
    "runner": Permission.RUNNERS_VIEW_ALL,
    "automation": Permission.AUTOMATIONS_VIEW_ALL,
}


class ResourceQuerySet(TenantQuerySet["Resource"]):
    def visible_to(self, access: Access) -> ResourceQuerySet:
        """What stands in a visible project, is shared, or belongs to what one may see all of."""
        shared = Q(pk__in=own_resources(access))
        if Role.END_USER in access.roles:
            shared &= Q(published_at__isnull=False)
        kinds = [kind for kind, permission in SEE_ALL.items() if access.can(permission)]
        if access.can(Permission.PROJECTS_VIEW_ALL):
            inside = Q(project__isnull=False)
        else:
            inside = Q(project__in=own_projects(access))
        return self.filter(inside | shared | Q(kind__in=kinds))


class Resource(TenantModel):
    """One agent, workflow, tool or knowledge base of a project, or a runner or automation."""

    scope: ClassVar = Scope.RESOURCE

    class Kind(models.TextChoices):
        AGENT = "agent", "Agent"
        WORKFLOW = "workflow", "Workflow"
        TOOL = "tool", "Tool"
        KNOWLEDGE_BASE = "knowledge_base", "Knowledge base"
        RUNNER = "runner", "Runner"
        AUTOMATION = "automation", "Automation"

    organization = organization_key()
    project = key("projects.Project", name="resources", null=True)
    kind = models.TextField(choices=Kind)
    name = models.CharField(max_length=NAME_LENGTH)
    sort_name = sort_name()
    description = models.CharField(max_length=500, blank=True, default="")
    configuration = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = key("orgs.Membership", null=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = key("orgs.Membership", null=True)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = ResourceQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        permissions = role_permissions(*RESOURCE_ROLES)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "project", "kind", "name"],
                nulls_distinct=False,
                name="resource_name",
                violation_error_message="One of this kind with this name exists.",
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind__in=IN_A_PROJECT, project__isnull=False)
                    | Q(kind__in=OF_THE_ORGANIZATION, project__isnull=True)
                ),
                name="resource_is_where_its_kind_belongs",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "kind", "sort_name", "id"], name="resource_by_name"
            ),
            models.Index(fields=["project", "sort_name", "id"], name="resource_by_project"),
            models.Index(
                fields=["organization", "sort_name", "id"],
                condition=Q(published_at__isnull=False),
                name="resource_published",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def kind_label(self) -> str:
        return self.Kind(self.kind).label.lower()

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    def roles_held_by(self, access: Access) -> frozenset[Role]:
        return self.in_force(roles_on_resource(self.pk, access), access.roles)

    def in_force(self, held: frozenset[Role], roles: frozenset[Role]) -> frozenset[Role]:
        """An End User holds what was shared once it is published, and not before (S2-091)."""
        if Role.END_USER in roles and not self.is_published:
            return frozenset(role for role in held if role.scope is not Scope.RESOURCE)
        return held

    def leaves(self, permission: Permission) -> bool:
        return self.project is None or self.project.leaves(permission)

    @property
    def places(self) -> list[UUID]:
        return [self.pk, *(self.project.places if self.project else [])]


class ResourceVersion(TenantModel):
    """A configuration as it once was; the newest one stands on the resource itself too."""

    organization = organization_key()
    resource = key("projects.Resource", name="versions")
    number = models.PositiveIntegerField()
    configuration = models.JSONField()
    changed_at = models.DateTimeField(auto_now_add=True)
    changed_by = key("orgs.Membership", null=True)
    note = models.CharField(max_length=500, blank=True, default="")

    objects = TenantQuerySet["ResourceVersion"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["resource", "number"], name="resource_version_once"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.resource_id}"


class Integration(TenantModel):
    """A source-code host or a model provider that runners may use; its token is never shown."""

    class Kind(models.TextChoices):
        SCM = "scm", "Source control"
        LLM = "llm", "Language models"

    organization = organization_key()
    kind = models.TextField(choices=Kind)
    name = models.CharField(max_length=NAME_LENGTH)
    provider = models.TextField()
    url = models.URLField(max_length=300, blank=True, default="")
    runner = key("projects.Resource", name="integrations", null=True, index=True)
    ciphertext = models.BinaryField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet["Integration"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="integration_name",
                violation_error_message="An integration with this name exists.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
