"""What holds keys back, layer by layer, how far each layer is used up, and what a model costs.

Money is in nano-units of the currency (10⁻⁹), as integers. The counters and the prices are
written by the database's own functions alone (`projects/migrations/0016_metering.py`).
"""

from __future__ import annotations

import ipaddress
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.references import key as reference
from projects.models.references import organization_key, organization_of_record

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LARGEST_BUDGET = 10**18  # A billion of the currency.
LARGEST_RPM = 1_000_000


class CidrField(models.Field):  # type: ignore[type-arg]
    """A network, as PostgreSQL's `cidr`."""

    def db_type(self, connection: Any) -> str:
        return "cidr"


_NOBODY: dict[str, None] = dict.fromkeys(("group", "project", "creator", "key"))
_OF_ITS_LAYER = Q(layer__in=("plan", "organization"), **_NOBODY)
for _layer in _NOBODY:
    _others = {name: None for name in _NOBODY if name != _layer}
    _OF_ITS_LAYER |= Q(("layer", _layer), (f"{_layer}__isnull", False), **_others)


class Limit(TenantModel):
    """What one layer allows: money in a window, requests a minute, networks, tasks and models.

    Every layer above a key binds it as well; the tightest one is named. Empty means no limit,
    an empty list that nothing is allowed.
    """

    class Layer(models.TextChoices):
        PLAN = "plan", "Plan"
        ORGANIZATION = "organization", "Organization"
        GROUP = "group", "Cost centre"
        PROJECT = "project", "Project"
        CREATOR = "creator", "Creator"
        KEY = "key", "Key"

    class Window(models.TextChoices):
        HOUR = "hour", "hour"
        DAY = "day", "day"
        WEEK = "week", "week"
        MONTH = "month", "month"

    organization = organization_key()
    layer = models.TextField(choices=Layer)
    group = reference("orgs.Group", name="limits", null=True)
    project = reference("projects.Project", name="limits", null=True)
    creator = reference("orgs.Membership", name="limits", null=True)
    key = reference("projects.Key", name="limits", null=True)
    subject = models.GeneratedField(
        expression=Coalesce("key", "creator", "project", "group", F("organization")),
        output_field=models.UUIDField(),
        db_persist=True,
    )
    budget = models.BigIntegerField(null=True, blank=True, help_text="Nano-units a window.")
    window = models.TextField(choices=Window, default=Window.MONTH)
    zone = models.TextField(default="UTC", help_text="The time zone in which the window begins.")
    rpm = models.IntegerField(null=True, blank=True, help_text="Requests a minute.")
    allowed_networks = ArrayField(CidrField(), null=True, blank=True)
    allowed_tasks = ArrayField(models.TextField(), null=True, blank=True)
    allowed_models = ArrayField(models.TextField(), null=True, blank=True)
    longest_days = models.IntegerField(
        null=True, blank=True, help_text="Of the organization alone: how long a new key may live."
    )
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = reference("orgs.Membership", null=True)

    objects = TenantQuerySet["Limit"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "subject", "layer"], name="limit_once"),
            models.CheckConstraint(
                condition=_OF_ITS_LAYER,
                name="limit_is_of_its_layer",
            ),
            models.CheckConstraint(
                condition=Q(budget=None) | Q(budget__gte=0, budget__lte=LARGEST_BUDGET),
                name="limit_budget",
            ),
            models.CheckConstraint(
                condition=Q(rpm=None) | Q(rpm__gte=1, rpm__lte=LARGEST_RPM), name="limit_rpm"
            ),
            models.CheckConstraint(
                condition=Q(window__in=("hour", "day", "week", "month")), name="limit_window"
            ),
            models.CheckConstraint(
                condition=Q(longest_days=None) | Q(layer="organization", longest_days__gte=1),
                name="limit_longest_days",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.layer} limit"


class Meter(TenantModel):
    """How far a limit is used up: one row beside each, with the limit's own id."""

    organization = organization_of_record()
    window_at = models.DateTimeField()
    spent = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    minute = models.DateTimeField()
    minute_count = models.IntegerField(default=0)
    told = models.SmallIntegerField(default=0, help_text="Percent that was last told of.")

    objects = TenantQuerySet["Meter"].as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class Reservation(TenantModel):
    """Money set aside for an allowed call that is not settled yet; its id is the call's."""

    organization = organization_of_record()
    limits = ArrayField(models.UUIDField())
    amount = models.BigIntegerField()
    expires_at = models.DateTimeField(db_index=True)

    objects = TenantQuerySet["Reservation"].as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.pk)


class ModelPrice(models.Model):
    """What a model costs, for everyone here: unit → nano-units of the currency a million of it.

    `above`, where it is, lists the rates that hold beyond so many tokens of input.
    """

    model = models.TextField(primary_key=True)
    provider = models.TextField(blank=True, default="")
    mode = models.TextField(blank=True, default="")
    rates = models.JSONField(default=dict)
    imported_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.model
