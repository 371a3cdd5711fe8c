"""Where an organization's log is streamed to, how far each has come, and what was tried."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.addresses import LONGEST_URL
from config.text import NAME_LENGTH
from orgs.models.organizations import Membership, Organization
from orgs.models.tenant import TenantModel, TenantQuerySet, sort_name


class Webhook(TenantModel):
    """A receiver of the log: it gets each entry after `position`, in order, at least once.

    Its secret is sealed for this row and shown once; while `old_ends_at` is ahead the one before
    signs as well. Whoever delivers holds the `lease` and moves the position under it alone.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        DISABLED = "disabled", "Disabled"

    class Format(models.TextChoices):
        ENTRY = "entry", "Entries of Bailiwick"
        OCSF = "ocsf", "Events of OCSF"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    name = models.CharField(max_length=NAME_LENGTH)
    sort_name = sort_name()
    url = models.CharField(max_length=LONGEST_URL)
    areas = ArrayField(
        models.TextField(), default=list, blank=True, help_text="Nouns of events; none is all."
    )
    format = models.TextField(choices=Format, default=Format.ENTRY)
    state = models.TextField(choices=State, default=State.ACTIVE)
    ciphertext = models.BinaryField()
    old_ciphertext = models.BinaryField(null=True)
    old_ends_at = models.DateTimeField(null=True)
    position = models.BigIntegerField()
    next_try_at = models.DateTimeField(default=timezone.now)
    failures = models.PositiveSmallIntegerField(default=0)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.TextField(blank=True, default="")
    last_delivered_at = models.DateTimeField(null=True)
    test_at = models.DateTimeField(null=True, help_text="A test that is still to be sent.")
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        Membership,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    objects = TenantQuerySet["Webhook"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="webhook_name",
                violation_error_message="A webhook with this name exists.",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["active", "paused", "disabled"]), name="webhook_state"
            ),
            models.CheckConstraint(condition=Q(position__gte=0), name="webhook_position"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_failing(self) -> bool:
        """Is it waiting for another try?"""
        return self.state == self.State.ACTIVE and self.failures > 0

    @property
    def is_old_secret_valid(self) -> bool:
        return self.old_ends_at is not None and self.old_ends_at > timezone.now()


class WebhookAttempt(TenantModel):
    """What came of going there once: entries `first` to `last` taken, or `last` refused.

    A test has neither. Kept 30 days, and no more than the last 200 of a webhook.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    webhook = models.ForeignKey(
        Webhook,
        on_delete=models.DO_NOTHING,
        related_name="attempts",
        db_constraint=False,
        db_index=False,
    )
    at = models.DateTimeField(default=timezone.now)
    milliseconds = models.PositiveIntegerField()
    first = models.BigIntegerField(null=True)
    last = models.BigIntegerField(null=True)
    messages = models.PositiveIntegerField(default=1)
    status = models.PositiveSmallIntegerField(null=True)
    error = models.TextField(
        blank=True, default="", help_text="In words; empty when all went well."
    )
    answer = models.TextField(blank=True, default="", help_text="How the answer begins.")

    objects = TenantQuerySet["WebhookAttempt"].as_manager()

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["webhook", "-id"], name="webhook_attempt_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.webhook_id} at {self.at}"
