"""The key with which workers reach the organization's machines."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from orgs.models.organizations import Membership, Organization
from orgs.models.tenant import TenantModel, TenantQuerySet


class WorkerKey(TenantModel):
    """An Ed25519 key pair of the organization: the public half is shown, the private one sealed.

    One is current. The one before it works on until it is retired, which forgets its private half.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    public = models.TextField(help_text="In OpenSSH's form.")
    fingerprint = models.TextField(help_text="SHA256:…, as ssh-keygen prints it.")
    ciphertext = models.BinaryField(help_text="The private half, sealed; empty once retired.")
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        Membership,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    replaced_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["WorkerKey"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(replaced_at__isnull=True),
                name="worker_key_one_current",
                violation_error_message="There is a worker key already.",
            ),
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(replaced_at__isnull=False, retired_at__isnull=True),
                name="worker_key_one_before",
                violation_error_message="Retire the key before first.",
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(replaced_at__isnull=False, ciphertext=b""),
                name="worker_key_retired_is_forgotten",
            ),
        ]

    def __str__(self) -> str:
        return self.fingerprint
