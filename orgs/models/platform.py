"""What the platform keeps for itself, beside its containers: its accounts at model providers."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from uuid6 import uuid7

from config.text import NAME_LENGTH


class PlatformProvider(models.Model):
    """An account of the platform at a provider of models. No organization's: the web role has no
    right to this table at all, so none can see that there is one (S2-037, S2-104).

    Its token is sealed for this row. The portal's role may write the seal and not read it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=NAME_LENGTH)
    provider = models.TextField(help_text="Of `config/providers.py`.")
    url = models.URLField(max_length=300, blank=True, default="")
    serves = ArrayField(models.TextField(), default=list, blank=True)
    is_enabled = models.BooleanField(default=True)
    ciphertext = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    rotated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["name"],
                name="platform_provider_name",
                violation_error_message="A provider with this name exists.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
