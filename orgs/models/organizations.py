"""The tenant and its people."""

from __future__ import annotations

import datetime
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from uuid6 import uuid7

from config.roles import DEFAULT_POLICIES, GROUP_ROLES, ORGANIZATION_ROLES, Role
from config.text import EMAIL_LENGTH, NAME_LENGTH
from orgs.grants import role_permissions
from orgs.models.tenant import TenantModel, TenantQuerySet, sort_name

ROLE_CHOICES = [(role.value, role.label) for role in ORGANIZATION_ROLES]
ROLE_VALUES = [role.value for role in ORGANIZATION_ROLES]

LONGEST_WINDOW = datetime.timedelta(hours=168)
"""So long support may be let in at most."""

SLUG = RegexValidator(
    r"^[a-z0-9](?:-?[a-z0-9])+\Z",
    "Use lower-case letters, digits and single hyphens between them, at least two characters.",
    code="slug",
)


def default_policies() -> list[str]:
    return sorted(DEFAULT_POLICIES)


class Entitlement(models.TextChoices):
    """What a plan includes: the second gate, after permission. On, unless a plan leaves it out."""

    GROUP_ROLES = "group_roles", "Organization roles on groups"
    USAGE_EXPORT = "usage_export", "Export of usage reports"
    INSIGHTS = "insights", "Insights"


def default_entitlements() -> list[str]:
    return sorted(Entitlement.values)


CONTAINER_FIELDS = (
    *("name", "slug", "state", "state_reason", "closes_at", "created_at"),
    *("plan", "seats", "owner_count", "member_count", "seats_used"),
)
"""What the portal's role may read of an organization, beside its id."""


class OrganizationQuerySet(models.QuerySet["Organization"]):
    def as_containers(self) -> OrganizationQuerySet:
        """From outside: what the portal may see, and no more is asked for."""
        return self.only(*CONTAINER_FIELDS)


class Organization(models.Model):
    """A tenant: a complete boundary, with the counters that its invariants rest on.

    The four counters and the four fields after them are kept by triggers and never written from
    here. An open organization has an active owner and its seats hold, by CHECK, on every path.
    """

    class State(models.TextChoices):
        PENDING = "pending", "Waiting for its first owner"
        OPEN = "open", "Open"
        SUSPENDED = "suspended", "Suspended"
        ARCHIVED = "archived", "Archived"
        CLOSING = "closing", "Closing"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=NAME_LENGTH)
    slug = models.CharField("address", max_length=40, unique=True, validators=[SLUG])
    state = models.TextField(choices=State, default=State.PENDING)
    state_reason = models.TextField(blank=True, default="")
    closes_at = models.DateTimeField(null=True, blank=True)
    policies = ArrayField(models.TextField(), default=default_policies)
    plan = models.TextField(default="enterprise")
    seats = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: no limit.")
    seats_of_plan = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="What the plan has, where more are in use; each that falls free is gone.",
    )
    entitlements = ArrayField(models.TextField(), default=default_entitlements)
    created_at = models.DateTimeField(auto_now_add=True)

    owner_count = models.IntegerField(default=0, editable=False)
    member_count = models.IntegerField(default=0, editable=False)
    group_count = models.IntegerField(default=0, editable=False)
    seats_used = models.IntegerField(default=0, editable=False)

    # What every page says above itself: support is inside, somebody claims ownership.
    support_until = models.DateTimeField(null=True, editable=False)
    support_names = models.TextField(default="", db_default="", editable=False)
    claim_ripe_at = models.DateTimeField(null=True, editable=False)
    claim_name = models.TextField(default="", db_default="", editable=False)

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        permissions = role_permissions(*GROUP_ROLES)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="open") | Q(owner_count__gt=0),
                name="organization_has_an_owner",
                violation_error_message="An open organization needs an active owner.",
            ),
            models.CheckConstraint(
                condition=Q(seats__isnull=True) | Q(seats_used__lte=F("seats")),
                name="organization_seats_hold",
                violation_error_message="No seat is free.",
            ),
            models.CheckConstraint(
                condition=~Q(state="closing") | Q(closes_at__isnull=False),
                name="organization_closing_has_a_date",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def plan_label(self) -> str:
        return self.plan.capitalize()


class Membership(TenantModel):
    """One person in one organization, with exactly one organization role.

    Without a person it is a placeholder: known by a login or an address from a roster, unable
    to sign in, taking no seat and never counting as an owner. Name and address are the
    organization's own copy, so that no list has to look at identities.
    """

    class Origin(models.TextChoices):
        FOUNDED = "founded", "Founded the organization"
        INVITED = "invited", "Invited"
        IMPORTED = "imported", "Imported from a roster"
        SUPPORT = "support", "Let in as support"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships", db_index=False
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="memberships",
    )
    role = models.TextField(choices=ROLE_CHOICES, default=Role.MEMBER.value)
    name = models.CharField(max_length=NAME_LENGTH)
    sort_name = sort_name()
    email = models.EmailField(max_length=EMAIL_LENGTH, blank=True, default="")
    login = models.CharField(max_length=NAME_LENGTH, blank=True, default="")
    origin = models.TextField(choices=Origin, default=Origin.INVITED)
    invited_by = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    reason = models.TextField(blank=True, default="", help_text="Why this person has this role.")
    joined_at = models.DateTimeField(auto_now_add=True)
    last_active_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Void from then on.")
    # With a default in the database too: accepting an invitation inserts the row there.
    unread = models.IntegerField(
        default=0, db_default=0, editable=False, help_text="Notices; kept by trigger."
    )

    objects = TenantQuerySet["Membership"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "person"],
                include=["role"],
                name="membership_one_per_person",
                violation_error_message="This person is already a member.",
            ),
            models.UniqueConstraint(
                F("organization"),
                Lower("login"),
                condition=~Q(login=""),
                name="membership_login",
                violation_error_message="This login is already in the organization.",
            ),
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=~Q(email=""),
                name="membership_email",
                violation_error_message="This address is already in the organization.",
            ),
            models.CheckConstraint(condition=Q(role__in=ROLE_VALUES), name="membership_role"),
            models.CheckConstraint(
                condition=~Q(role=Role.OWNER.value) | Q(expires_at__isnull=True),
                name="membership_owner_never_expires",
                violation_error_message="An owner’s membership has no end.",
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")), name="membership_email_lower"
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=False) | ~Q(login="") | ~Q(email=""),
                name="membership_known_by_something",
            ),
            # Support looks in for a while, and never owns what it looks at.
            models.CheckConstraint(
                condition=~Q(origin="support")
                | Q(
                    role__in=[Role.VIEWER.value, Role.ADMIN.value],
                    expires_at__isnull=False,
                    expires_at__lte=F("joined_at") + LONGEST_WINDOW,
                ),
                name="membership_support_ends",
                violation_error_message="Support is let in as Viewer or Admin, for a week at most.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "sort_name", "id"], name="membership_by_name"),
            models.Index(fields=["organization", "joined_at", "id"], name="membership_by_joined"),
            models.Index(
                fields=["organization", "role", "sort_name", "id"], name="membership_by_role"
            ),
            models.Index(
                fields=["organization", "expires_at"],
                condition=Q(expires_at__isnull=False),
                name="membership_by_end",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_placeholder(self) -> bool:
        return self.person_id is None

    @property
    def is_support(self) -> bool:
        return self.origin == self.Origin.SUPPORT

    @property
    def window_ends(self) -> datetime.datetime | None:
        """Until when support is let in; None for everybody else."""
        return self.expires_at if self.is_support else None

    @property
    def role_label(self) -> str:
        return Role(self.role).label

    @property
    def last_day(self) -> datetime.date | None:
        """The day with which it ends, as it is typed and shown."""
        return timezone.localtime(self.expires_at).date() if self.expires_at else None

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @cached_property
    def known_as(self) -> str:
        """What stands under the name: the address, else the login, else nothing."""
        return self.email or self.login
