"""Promises that somebody may take up: to join, or to own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from config.roles import Role
from config.text import EMAIL_LENGTH
from orgs.models.organizations import ROLE_CHOICES, ROLE_VALUES, Membership, Organization
from orgs.models.tenant import TenantModel, TenantQuerySet


class Invitation(TenantModel):
    """An address asked to join with a role; only the hash of its link is kept."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        REVOKED = "revoked", "Revoked"
        EXPIRED = "expired", "Expired"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="invitations", db_index=False
    )
    email = models.EmailField(max_length=EMAIL_LENGTH)
    role = models.TextField(choices=ROLE_CHOICES, default=Role.MEMBER.value)
    reason = models.TextField(blank=True, default="")
    state = models.TextField(choices=State, default=State.PENDING)
    token_hash = models.BinaryField(unique=True, editable=False)
    invited_by = models.ForeignKey(
        Membership,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    membership = models.ForeignKey(
        Membership,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        help_text="The placeholder that becomes a member in place.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["Invitation"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=Q(state="pending"),
                name="invitation_one_pending",
                violation_error_message="This address already has a pending invitation.",
            ),
            models.CheckConstraint(condition=Q(role__in=ROLE_VALUES), name="invitation_role"),
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="invitation_email_lower"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-created_at", "id"], name="invitation_by_time"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def role_label(self) -> str:
        return Role(self.role).label

    @property
    def is_open(self) -> bool:
        """May it still be taken up? Time decides, not a job that marks it."""
        return self.state == self.State.PENDING and self.expires_at > timezone.now()

    @property
    def shown_state(self) -> str:
        overdue = self.state == self.State.PENDING and not self.is_open
        return self.State.EXPIRED.value if overdue else self.state


class OwnershipOffer(TenantModel):
    """An owner's offer that another member become owner too, or in their place."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    offered_to = models.ForeignKey(
        Membership, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    offered_by = models.ForeignKey(
        Membership, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    steps_down = models.BooleanField(
        default=False, help_text="Whoever offers becomes an Admin when it is accepted."
    )
    state = models.TextField(choices=State, default=State.PENDING)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    objects = TenantQuerySet["OwnershipOffer"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "offered_to"],
                condition=Q(state="pending"),
                name="ownership_offer_one_pending",
                violation_error_message="This person already has an offer of ownership.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offered_by_id} to {self.offered_to_id}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.PENDING and self.expires_at > timezone.now()
