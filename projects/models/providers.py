"""Where models come from: the organization's accounts at model providers."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from config.text import NAME_LENGTH
from orgs.models.tenant import TenantModel, TenantQuerySet, sort_name
from projects.models.references import key, organization_key


class ModelProvider(TenantModel):
    """An account with a provider, for the whole organization: its projects have none of their own.

    A project asks all of them, or those that it chose.

    Its token is sealed for this row and never shown again (S2-135). Where `serves` names no
    model, it serves every one that it has, within what the organization approves.
    """

    organization = organization_key()
    name = models.CharField(max_length=NAME_LENGTH)
    sort_name = sort_name()
    provider = models.TextField(help_text="Of `projects/providers.py`.")
    url = models.URLField(max_length=300, blank=True, default="")
    serves = ArrayField(models.TextField(), default=list, blank=True)
    is_enabled = models.BooleanField(default=True)
    ciphertext = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = key("orgs.Membership", null=True)

    objects = TenantQuerySet["ModelProvider"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="provider_name",
                violation_error_message="A provider with this name exists.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ProjectProvider(TenantModel):
    """A project asks this provider. A project that chose none asks every one that is in use."""

    organization = organization_key()
    project = key("projects.Project", name="providers")
    provider = key("projects.ModelProvider", name="choices", index=True)

    objects = TenantQuerySet["ProjectProvider"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "provider"], name="project_provider_once"),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} for {self.project_id}"
