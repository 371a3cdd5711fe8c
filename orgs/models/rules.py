"""What an organization promises itself about who may do what, and what is let off."""

from __future__ import annotations

import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from config.roles import Preset
from orgs.models.organizations import Membership, Organization
from orgs.models.tenant import TenantModel, TenantQuerySet

LONGEST_EXCEPTION = datetime.timedelta(days=366)


class Rule(TenantModel):
    """One sentence that is checked on every change of access; one that only warns stops nobody.

    The text is as `orgs/rules/language.py` writes it. A rule of a pack came with its preset.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="rules", db_index=False
    )
    text = models.CharField(max_length=600)
    pack = models.TextField(blank=True, default="", choices=[(p.value, p.label) for p in Preset])
    blocks = models.BooleanField(default=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        Membership,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    objects = TenantQuerySet["Rule"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "text"],
                name="rule_once",
                violation_error_message="This rule is there already.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "id"], condition=Q(active=True), name="rule_active"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class RuleException(TenantModel):
    """One member who may break one rule until a day; without a member, a number that may be off.

    It covers nobody else, and is void from its end on, whatever a job does later.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    rule = models.ForeignKey(
        Rule,
        on_delete=models.DO_NOTHING,
        related_name="exceptions",
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
    )
    reason = models.TextField()
    until = models.DateTimeField(help_text="Void from then on.")
    given_at = models.DateTimeField(auto_now_add=True)
    given_by = models.ForeignKey(
        Membership,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    objects = TenantQuerySet["RuleException"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "membership"], name="rule_exception_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(until__lte=F("given_at") + LONGEST_EXCEPTION),
                name="rule_exception_within_a_year",
                violation_error_message="An exception lasts a year at most.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "until"], name="rule_exception_by_end"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} until {self.until}"

    @property
    def is_over(self) -> bool:
        return self.until <= timezone.now()


class RuleViolation(TenantModel):
    """Who breaks a rule already: known when it was switched on, or found by the clock.

    It never stops an unrelated change, and it is gone as soon as the rule holds for them.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    rule = models.ForeignKey(
        Rule,
        on_delete=models.DO_NOTHING,
        related_name="violations",
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
    )
    off_by = models.IntegerField(default=0, help_text="How far a number is from its bounds.")
    since = models.DateTimeField(auto_now_add=True)
    told = models.BooleanField(default=False, help_text="Do the owners know?")

    objects = TenantQuerySet["RuleViolation"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["rule", "membership"], name="rule_violation_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} breaks {self.rule_id}"
