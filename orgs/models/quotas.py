"""How much of each kind an organization lets itself have."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from orgs.models.organizations import Organization
from orgs.models.tenant import TenantModel, TenantQuerySet

LARGEST_QUOTA = 1_000_000


class Quota(TenantModel):
    """The most there may be of one kind; held by a trigger on its table. No row: no limit."""

    class Kind(models.TextChoices):
        PROJECTS = "projects", "Projects"
        WORKSPACES = "workspaces", "Workspaces"
        GROUPS = "groups", "Groups"
        KEYS = "keys", "API keys"
        SERVICE_ACCOUNTS = "service_accounts", "Service accounts"
        WEBHOOKS = "webhooks", "Webhooks"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    kind = models.TextField(choices=Kind)
    most = models.PositiveIntegerField()

    objects = TenantQuerySet["Quota"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "kind"], name="quota_once"),
            models.CheckConstraint(
                condition=models.Q(most__lte=LARGEST_QUOTA), name="quota_is_countable"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.most} {self.kind}"
