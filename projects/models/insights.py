"""Which projects have insights, and the weeks in which people used what: the counts behind them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.references import key, organization_key, organization_of_record


class ProjectInsights(TenantModel):
    """Insights of this project are on: everyone who may view insights sees its name and numbers.

    No row: they are off (S3-055). What was recorded is kept either way.
    """

    organization = organization_key()
    project = models.OneToOneField(
        "projects.Project",
        on_delete=models.DO_NOTHING,
        related_name="insights",
        db_constraint=False,
    )
    enabled_at = models.DateTimeField(default=timezone.now)
    enabled_by = key("orgs.Membership", null=True)

    objects = TenantQuerySet["ProjectInsights"].as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.project_id)


class ExecutionWeek(TenantModel):
    """How often somebody used one resource in one week, which begins on a Monday.

    Triggers on the executions keep it, exactly; nobody else writes it. It refers to nothing by a
    key: what goes takes its executions along, and they take their counts.
    """

    organization = organization_of_record()
    week = models.DateField()
    project_id = models.UUIDField(null=True)
    resource_id = models.UUIDField(null=True)
    started_by_id = models.UUIDField(null=True)
    runs = models.IntegerField()
    conversations = models.IntegerField()
    succeeded = models.IntegerField()
    failed = models.IntegerField()

    objects = TenantQuerySet["ExecutionWeek"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "week", "project_id", "resource_id", "started_by_id"],
                nulls_distinct=False,
                name="execution_week_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project_id", "week"], name="execution_week_by_project"),
            # When somebody first succeeded in a project.
            models.Index(
                fields=["project_id", "started_by_id", "week"], name="execution_week_by_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.week}: {self.runs + self.conversations}"
