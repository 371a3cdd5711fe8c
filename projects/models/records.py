"""What the platform beside the console reports: runs and conversations, and tasks for people."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from config.text import NAME_LENGTH
from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.references import key, organization_key


class Execution(TenantModel):
    """One run, conversation, line of a runner's log or proof, as reported; never run from here.

    `key_id` and `verification_id` say which key it ran with; they outlive what they name.
    """

    class Kind(models.TextChoices):
        RUN = "run", "Run"
        CONVERSATION = "conversation", "Conversation"
        LOG = "log", "Log"
        PROOF = "proof", "Proof"

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    organization = organization_key()
    project = key("projects.Project", null=True)
    resource = key("projects.Resource", null=True)
    started_by = key("orgs.Membership", null=True)
    kind = models.TextField(choices=Kind, default=Kind.RUN)
    state = models.TextField(choices=State, default=State.SUCCEEDED)
    summary = models.CharField(max_length=300, blank=True, default="")
    detail = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    key_id = models.UUIDField(null=True, blank=True)
    verification_id = models.UUIDField(null=True, blank=True)

    objects = TenantQuerySet["Execution"].as_manager()

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["organization", "-started_at", "-id"], name="execution_by_time"),
            models.Index(fields=["resource", "-started_at", "-id"], name="execution_by_resource"),
            models.Index(fields=["project", "-started_at", "-id"], name="execution_by_project"),
            models.Index(fields=["started_by", "-started_at", "-id"], name="execution_by_person"),
            # Of the organization itself: the logs of runners, the runs of automations.
            models.Index(
                fields=["organization", "kind", "-started_at", "-id"],
                condition=models.Q(project__isnull=True),
                name="execution_of_organization",
            ),
            # When somebody first used a project.
            models.Index(
                fields=["project", "started_by", "started_at"],
                condition=models.Q(kind__in=("run", "conversation"), started_by__isnull=False),
                name="execution_first_use",
            ),
        ]

    def __str__(self) -> str:
        return self.summary


class HumanTask(TenantModel):
    """A step of a workflow that waits for one person."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        DONE = "done", "Done"

    organization = organization_key()
    project = key("projects.Project", name="human_tasks", index=True)
    resource = key("projects.Resource", null=True, index=True)
    title = models.CharField(max_length=NAME_LENGTH * 2)
    description = models.TextField(blank=True, default="")
    assigned_to = key("orgs.Membership", name="human_tasks", null=True)
    state = models.TextField(choices=State, default=State.OPEN)
    outcome = models.TextField(blank=True, default="")
    due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = key("orgs.Membership", null=True)

    objects = TenantQuerySet["HumanTask"].as_manager()

    class Meta:
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(
                fields=["assigned_to", "state", "created_at", "id"], name="human_task_by_person"
            ),
        ]

    def __str__(self) -> str:
        return self.title
