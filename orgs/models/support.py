"""Support: windows through which it may look in for a while, and the cases one opens with it."""

from __future__ import annotations

import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from config.text import EMAIL_LENGTH, NAME_LENGTH
from orgs.models.organizations import LONGEST_WINDOW, Membership, Organization
from orgs.models.tenant import TenantModel, TenantQuerySet

SUBJECT_LENGTH = 150
TEXT_LENGTH = 5_000
REASON_LENGTH = 500


def _somebody() -> models.ForeignKey[Membership | None, Membership | None]:
    """Who it was while they are here; their name stands beside it and stays."""
    return models.ForeignKey(
        Membership,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )


class SupportWindow(TenantModel):
    """A superadmin's time in the organization: the membership is what lets them in.

    The row outlives the membership, so that who was let in, why and until when stays to be read.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    membership = _somebody()
    name = models.CharField(max_length=NAME_LENGTH)
    email = models.EmailField(max_length=EMAIL_LENGTH)
    may_change = models.BooleanField(default=False)
    reason = models.CharField(max_length=REASON_LENGTH)
    opened_by = _somebody()
    opened_by_name = models.CharField(max_length=NAME_LENGTH)
    opened_at = models.DateTimeField()
    until = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = _somebody()
    closed_by_name = models.CharField(
        max_length=NAME_LENGTH, default="", db_default="", help_text="Empty: it ran out."
    )
    # Their entries in the log stay under this id when the membership is gone.
    actor = models.UUIDField(help_text="The id of the membership, kept.")

    objects = TenantQuerySet["SupportWindow"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=Q(closed_at__isnull=True),
                name="support_window_one_open",
            ),
            models.CheckConstraint(
                condition=Q(until__gt=F("opened_at"))
                & Q(until__lte=F("opened_at") + LONGEST_WINDOW),
                name="support_window_length",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "-opened_at", "-id"], name="support_window_by_time"
            ),
            models.Index(
                fields=["until"], condition=Q(closed_at__isnull=True), name="support_window_due"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.closed_at is None and self.until > timezone.now()

    @property
    def ended_at(self) -> datetime.datetime | None:
        """When it really ended: by hand, or by the clock, whether or not a job has seen it yet."""
        return None if self.is_open else min(self.closed_at or self.until, self.until)

    @property
    def mode(self) -> str:
        return "To read and change" if self.may_change else "To read only"


class SupportCase(TenantModel):
    """What an Admin asks of support. The operator gets it as a letter, and sees nothing else."""

    class Urgency(models.TextChoices):
        LOW = "low", "When there is time"
        NORMAL = "normal", "This week"
        HIGH = "high", "Today: work stands still"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        WAITING = "waiting", "Waiting for support"
        SOLVED = "solved", "Solved"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    number = models.PositiveIntegerField(help_text="Counted in the organization.")
    subject = models.CharField(max_length=SUBJECT_LENGTH)
    text = models.TextField(max_length=TEXT_LENGTH)
    urgency = models.TextField(choices=Urgency, default=Urgency.NORMAL)
    state = models.TextField(choices=State, default=State.WAITING)
    opened_by = _somebody()
    opened_by_name = models.CharField(max_length=NAME_LENGTH)
    opened_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet["SupportCase"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "number"], name="support_case_number_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "-changed_at", "-id"], name="support_case_by_time"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.subject}"

    @property
    def is_solved(self) -> bool:
        return self.state == self.State.SOLVED


class SupportNote(TenantModel):
    """One more thing said about a case, by somebody of the organization."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    case = models.ForeignKey(
        SupportCase,
        on_delete=models.DO_NOTHING,
        related_name="notes",
        db_constraint=False,
        db_index=False,
    )
    written_by = _somebody()
    written_by_name = models.CharField(max_length=NAME_LENGTH)
    text = models.TextField(max_length=TEXT_LENGTH)
    at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet["SupportNote"].as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["case", "at", "id"], name="support_note_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.written_by_name}, {self.at:%Y-%m-%d}"
