"""Usage by day, added up from the request log by the database (`usage_roll`).

Days are those of the installation's time zone. Money is in nano-units.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.references import organization_of_record


class Sums(TenantModel):
    """What both rollups count."""

    calls = models.BigIntegerField(default=0, help_text="Verifications.")
    refused = models.BigIntegerField(default=0)
    tokens_in = models.BigIntegerField(default=0)
    tokens_out = models.BigIntegerField(default=0)
    cost = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class UsageFact(Sums):
    """One day of one key, project, person, cost centre, model and task: for filters and exports."""

    organization = organization_of_record()
    day = models.DateField()
    project_id = models.UUIDField(null=True)
    group_id = models.UUIDField(null=True)
    person_id = models.UUIDField(null=True)
    key_id = models.UUIDField(null=True)
    model = models.TextField()
    task = models.TextField()

    objects = TenantQuerySet["UsageFact"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    *("organization", "day", "project_id", "group_id"),
                    *("person_id", "key_id", "model", "task"),
                ],
                nulls_distinct=False,
                name="usage_fact_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}"


class UsageDay(Sums):
    """One day along one dimension: what the pages read, however many requests there were."""

    class Dimension(models.TextChoices):
        TOTAL = "total", "Total"
        PROJECT = "project", "Project"
        GROUP = "group", "Group"
        PERSON = "person", "Person"
        KEY = "key", "Key"
        MODEL = "model", "Model"
        TASK = "task", "Task"

    organization = organization_of_record()
    day = models.DateField()
    dimension = models.TextField(choices=Dimension)
    subject = models.TextField(help_text="An id or a name; empty where there is none.")

    objects = TenantQuerySet["UsageDay"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "dimension", "day", "subject"],
                include=["calls", "refused", "tokens_in", "tokens_out", "cost"],
                name="usage_day_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.subject}"
