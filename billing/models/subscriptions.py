"""What an organization has subscribed to, and on which days it was what."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from billing.plans import Plan, plan_of
from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.references import key as reference
from projects.models.references import organization_key

LARGEST = 10**13  # A hundred billion of a currency with cents: no sum here comes near it.


class Subscription(TenantModel):
    """A paid plan from a day on; at most one of an organization lives, by a partial index.

    It is paid for by calendar months in the issuer's time zone. More seats and a larger plan hold
    at once; fewer and a smaller one (`next_*`) and the end (`ends_on`) from the next month on.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAST_DUE = "past_due", "Past due"
        ENDED = "ended", "Ended"

    organization = organization_key()
    state = models.TextField(choices=State, default=State.ACTIVE)
    plan = models.TextField()
    seats = models.IntegerField()
    currency = models.TextField()
    started_on = models.DateField()
    paid_to = models.DateField(help_text="Invoiced up to this day, without it.")
    ends_on = models.DateField(null=True, blank=True, help_text="The first day without it.")
    next_plan = models.TextField(blank=True, default="")
    next_seats = models.IntegerField(null=True, blank=True)
    next_on = models.DateField(null=True, blank=True, help_text="From when `next_*` holds.")
    provider = models.TextField(default="transfer")
    provider_ref = models.TextField(blank=True, default="")
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = reference("orgs.Membership", null=True)

    objects = TenantQuerySet["Subscription"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization"],
                condition=~Q(state="ended"),
                name="subscription_one_lives",
                violation_error_message="There is a subscription already.",
            ),
            models.UniqueConstraint(
                fields=["organization", "provider", "provider_ref"],
                condition=~Q(provider_ref=""),
                name="subscription_once_at_provider",
            ),
            models.CheckConstraint(condition=Q(seats__gte=1), name="subscription_seats"),
            models.CheckConstraint(
                condition=Q(state__in=("active", "past_due", "ended")), name="subscription_state"
            ),
            models.CheckConstraint(
                condition=Q(next_on=None, next_plan="", next_seats=None)
                | (Q(next_on__isnull=False, next_seats__gte=1, ends_on=None) & ~Q(next_plan="")),
                name="subscription_next_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan}, {self.seats} seats"

    @property
    def of_plan(self) -> Plan:
        return plan_of(self.plan)

    @property
    def of_next_plan(self) -> Plan:
        return plan_of(self.next_plan)

    @property
    def mark(self) -> str:
        """What a form remembers of it, to notice that somebody changed it meanwhile."""
        now = (self.pk, self.state, self.plan, self.seats, self.ends_on)
        said = (*now, self.next_plan, self.next_seats, self.next_on)
        return hashlib.sha256(" ".join(map(str, said)).encode()).hexdigest()[:16]


class Term(TenantModel):
    """Days on which a subscription had one plan, so many seats and one price. They never overlap.

    A month's invoice is made of these: each is charged by its days of the month.
    """

    organization = organization_key()
    subscription = reference("billing.Subscription", name="terms")
    plan = models.TextField()
    seats = models.IntegerField()
    base = models.BigIntegerField(help_text="Minor units a month.")
    seat = models.BigIntegerField(help_text="Minor units a seat and month.")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="The first day after it.")

    objects = TenantQuerySet["Term"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gt=F("starts_on")), name="term_has_days"
            ),
            models.CheckConstraint(
                condition=Q(seats__gte=1, base__gte=0, seat__gte=0)
                & Q(base__lte=LARGEST, seat__lte=LARGEST),
                name="term_amounts",
            ),
            models.UniqueConstraint(
                fields=["organization", "subscription"],
                condition=Q(ends_on=None),
                name="term_one_runs",
            ),
            models.UniqueConstraint(
                fields=["organization", "subscription", "starts_on"], name="term_once_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} from {self.starts_on}"
