"""What a project held and holds no longer: ids alone, so that its log still finds the entries."""

from __future__ import annotations

from django.db import models

from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.keys import key


class FormerPart(TenantModel):
    """The id of something that was deleted from a project; a trigger writes it, nobody else."""

    # The web role may not delete these; they go with their project, and so with all projects.
    organization = models.ForeignKey(
        "orgs.Organization", on_delete=models.DO_NOTHING, related_name="+", db_index=False
    )
    project = key("projects.Project", name="former_parts", index=True)
    part = models.UUIDField()

    objects = TenantQuerySet["FormerPart"].as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.part)
