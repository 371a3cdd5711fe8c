"""What a provider told: each event once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.references import organization_of_record


class WebhookEvent(TenantModel):
    """An event of the provider, written in the transaction of its effect."""

    organization = organization_of_record()
    provider = models.TextField()
    event = models.TextField(help_text="The provider's id.")
    kind = models.TextField()
    made_at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet["WebhookEvent"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "provider", "event"], name="webhook_event_once"
            ),
        ]

    def __str__(self) -> str:
        return self.event
