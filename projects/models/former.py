"""What a project held and holds no longer: ids alone, so that its log still finds the entries."""

from __future__ import annotations

from django.db import models

from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.references import key, organization_of_record


class FormerPart(TenantModel):
    """The id of something that was deleted from a project; a trigger writes it, nobody else."""

    organization = organization_of_record()
    project = key("projects.Project", name="former_parts", index=True)
    part = models.UUIDField()

    objects = TenantQuerySet["FormerPart"].as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.part)
