"""Finding an owner again: domains that an organization has proved, and claims of ownership."""

from __future__ import annotations

import datetime
import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.text import EMAIL_LENGTH, NAME_LENGTH
from orgs.models.invitations import Invitation
from orgs.models.organizations import Membership, Organization
from orgs.models.tenant import TenantModel, TenantQuerySet

DOMAIN_LENGTH = 253
REASON_LENGTH = 500
NOTICE = datetime.timedelta(hours=72)
"""So long everybody concerned knows of a claim before it can be completed."""
RIPE_FOR = datetime.timedelta(days=14)
"""So long a claim may be completed after that."""
ASKED_FOR = datetime.timedelta(days=7)
"""So long the second Admin, or the proof, may take."""


def new_token() -> str:
    return secrets.token_hex(20)


def _somebody(name: str = "+") -> models.ForeignKey[Membership | None, Membership | None]:
    return models.ForeignKey(
        Membership,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name=name,
        db_constraint=False,
        db_index=False,
    )


class OrganizationDomain(TenantModel):
    """A domain that an Owner says is theirs; proved once its DNS says so too.

    Several organizations may prove the same one: a refusal would tell that another has it.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    domain = models.CharField(max_length=DOMAIN_LENGTH)
    token = models.CharField(max_length=64, default=new_token)
    added_by = _somebody()
    added_by_name = models.CharField(max_length=NAME_LENGTH)
    added_at = models.DateTimeField(default=timezone.now)
    verified_at = models.DateTimeField(null=True)

    objects = TenantQuerySet["OrganizationDomain"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "domain"], name="domain_once"),
        ]

    def __str__(self) -> str:
        return self.domain


class OwnerClaim(TenantModel):
    """Somebody wants to become an owner without one: asked, announced for 72 hours, completed.

    While it is open nobody else's is. Every change of its state is one guarded statement, so
    that of two who are first one is.
    """

    class Method(models.TextChoices):
        ADMINS = "admins", "Two Admins together"
        DOMAIN = "domain", "A proved domain"
        PLATFORM = "platform", "Named by the platform"

    class State(models.TextChoices):
        ASKED = "asked", "Not announced yet"
        OPEN = "open", "Announced"
        COMPLETED = "completed", "Completed"
        CANCELED = "canceled", "Canceled"
        EXPIRED = "expired", "Expired"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    method = models.TextField(choices=Method)
    state = models.TextField(choices=State, default=State.ASKED)
    claimant = _somebody()
    claimant_name = models.CharField(max_length=NAME_LENGTH)
    second = _somebody()
    second_name = models.CharField(max_length=NAME_LENGTH, default="", db_default="")
    domain = models.ForeignKey(
        OrganizationDomain,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    domain_name = models.CharField(max_length=DOMAIN_LENGTH, default="", db_default="")
    token = models.CharField(max_length=64, default="", db_default="")
    email = models.EmailField(max_length=EMAIL_LENGTH, default="", db_default="")
    invitation = models.ForeignKey(
        Invitation,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    reason = models.CharField(max_length=REASON_LENGTH)
    created_at = models.DateTimeField(default=timezone.now)
    notice_at = models.DateTimeField(null=True)
    ripe_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by_name = models.CharField(max_length=NAME_LENGTH, default="", db_default="")

    objects = TenantQuerySet["OwnerClaim"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization"], condition=Q(state="open"), name="owner_claim_one_open"
            ),
            models.UniqueConstraint(
                fields=["organization", "claimant"],
                condition=Q(state="asked"),
                nulls_distinct=False,
                name="owner_claim_one_asked",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["open", "completed"])
                | Q(notice_at__isnull=False, ripe_at__gte=models.F("notice_at") + NOTICE),
                name="owner_claim_announced",
            ),
            models.CheckConstraint(
                condition=Q(second__isnull=True) | ~Q(second=models.F("claimant")),
                name="owner_claim_two_people",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-created_at", "-id"], name="owner_claim_by_time"),
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["asked", "open"]),
                name="owner_claim_running",
            ),
        ]

    def __str__(self) -> str:
        return self.claimant_name

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_running(self) -> bool:
        return self.state in (self.State.ASKED, self.State.OPEN)

    @property
    def is_ripe(self) -> bool:
        return self.is_open and self.ripe_at is not None and self.ripe_at <= timezone.now()

    @property
    def lapses_at(self) -> datetime.datetime:
        """When it ends by itself."""
        return self.ripe_at + RIPE_FOR if self.ripe_at else self.created_at + ASKED_FOR

    @property
    def has_lapsed(self) -> bool:
        """Time decides, not the job that marks it."""
        return self.lapses_at <= timezone.now()
