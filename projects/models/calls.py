"""The request log: every verification and every use of a key (S2-154)."""

from __future__ import annotations

from typing import ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from uuid6 import uuid7

from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.references import organization_of_record


class CallQuerySet(models.QuerySet["Call"]):
    def in_org(self, org: UUID) -> Self:
        return self.filter(organization_id=org)


class Call(models.Model):
    """One request that a key made. It outlives what it names, so it refers to nothing by a key.

    The table is partitioned by month, on the id, whose first bits are the time. `reason` is a
    code, `layer` the layer that refused; usage names the verification it settles.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization_id = models.UUIDField()
    at = models.DateTimeField()
    endpoint = models.TextField()
    key_id = models.UUIDField(null=True)
    secret_id = models.UUIDField(null=True)
    token_id = models.UUIDField(null=True)
    project_id = models.UUIDField(null=True)
    creator_id = models.UUIDField(null=True)
    cost_centre_id = models.UUIDField(null=True)
    verification_id = models.UUIDField(null=True)
    action = models.TextField(default="")
    model = models.TextField(default="")
    task = models.TextField(default="")
    ip = models.GenericIPAddressField(null=True)
    allowed = models.BooleanField()
    reason = models.TextField(default="")
    layer = models.TextField(default="")
    units = models.JSONField(null=True)
    estimate = models.BigIntegerField(default=0)
    cost = models.BigIntegerField(default=0)
    noted = models.BooleanField(default=False)

    objects = CallQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["key_id", "-id"], name="call_by_key"),
            models.Index(
                fields=["project_id", "-id"],
                condition=Q(project_id__isnull=False),
                name="call_by_project",
            ),
            models.Index(
                fields=["organization_id", "-id"],
                condition=Q(allowed=False),
                name="call_refused",
            ),
            models.Index(
                fields=["organization_id"],
                condition=Q(allowed=False, noted=False),
                name="call_not_noted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} at {self.at}"


class Receipt(TenantModel):
    """What was answered to a report, so that the same report again gets the same answer."""

    organization = organization_of_record()
    name = models.TextField(help_text="The Idempotency-Key, or what it stands for.")
    digest = models.BinaryField()
    answer = models.JSONField()
    created_at = models.DateTimeField(db_index=True)

    objects = TenantQuerySet["Receipt"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "name"], name="receipt_once"),
        ]

    def __str__(self) -> str:
        return self.name
