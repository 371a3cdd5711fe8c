"""Environment classes: sizes of machine that the organization offers and projects choose from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from config.text import NAME_LENGTH
from orgs.models.tenant import TenantModel, TenantQuerySet, sort_name
from projects.models.references import key, organization_key


class EnvironmentClass(TenantModel):
    """A size of machine on a runner; defined for the organization, chosen by projects (C3-6)."""

    organization = organization_key()
    name = models.CharField(max_length=NAME_LENGTH)
    sort_name = sort_name()
    description = models.CharField(max_length=500, blank=True, default="")
    runner = key("projects.Resource", name="environment_classes", null=True, index=True)
    cpus = models.PositiveIntegerField(help_text="Cores.")
    memory = models.PositiveIntegerField(help_text="GiB.")
    disk = models.PositiveIntegerField(help_text="GiB.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet["EnvironmentClass"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="environment_class_name",
                violation_error_message="An environment class with this name exists.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProjectEnvironment(TenantModel):
    """A project may run on this environment class."""

    organization = organization_key()
    project = key("projects.Project", name="environments")
    environment_class = key("projects.EnvironmentClass", name="choices", index=True)

    objects = TenantQuerySet["ProjectEnvironment"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "environment_class"], name="project_environment_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.environment_class_id} for {self.project_id}"
