"""What somebody asked for, and what an invitation promises besides a role."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.roles import PROJECT_ROLES, Permission, Role
from config.text import NAME_LENGTH
from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.references import key, organization_key

if TYPE_CHECKING:
    from projects.models import Project, Resource, Workspace

_ICONS = {
    "project": "folder-plus",
    "publish": "squares-plus",
    "production": "shield-check",
    "access": "lock-open",
    "group": "user-group",
}


class Request(TenantModel):
    """One thing asked of whoever may decide it; never decided by who asked.

    `role` is what access is asked for on `workspace`, `project` or `resource`, or what a group
    (`group`) would bring; `permission` is what the asker was refused.
    """

    class Kind(models.TextChoices):
        PROJECT = "project", "A new project"
        PUBLISH = "publish", "Publishing to the Hub"
        PRODUCTION = "production", "Production access"
        ACCESS = "access", "Access"
        GROUP = "group", "A place in a group"

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Expired"

    organization = organization_key()
    kind = models.TextField(choices=Kind)
    requested_by = key("orgs.Membership")
    for_member = key("orgs.Membership", null=True, index=True)
    permission = models.TextField(blank=True, default="")
    role = models.TextField(blank=True, default="")
    name = models.CharField(max_length=NAME_LENGTH, blank=True, default="")
    description = models.CharField(max_length=500, blank=True, default="")
    workspace = key("projects.Workspace", null=True, index=True)
    project = key("projects.Project", null=True, index=True)
    resource = key("projects.Resource", null=True, index=True)
    group = key("orgs.Group", null=True, index=True)
    grants_until = models.DateTimeField(null=True, blank=True)
    reason = models.TextField()
    state = models.TextField(choices=State, default=State.PENDING)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = key("orgs.Membership", null=True)
    answer = models.TextField(blank=True, default="")

    objects = TenantQuerySet["Request"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            # The same thing is asked for once at a time.
            models.UniqueConstraint(
                fields=[
                    *("requested_by", "for_member", "kind", "permission", "role", "name"),
                    *("workspace", "project", "resource", "group"),
                ],
                condition=Q(state="pending"),
                nulls_distinct=False,
                name="request_pending_once",
                violation_error_message="You have already asked for this.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "state", "-created_at"], name="request_by_time"),
            models.Index(fields=["requested_by", "-created_at"], name="request_by_asker"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} asked by {self.requested_by_id}"

    @property
    def is_open(self) -> bool:
        """May it still be answered? Time decides, not a job that marks it."""
        return self.state == self.State.PENDING and self.expires_at > timezone.now()

    @property
    def shown_state(self) -> str:
        overdue = self.state == self.State.PENDING and not self.is_open
        return self.State.EXPIRED.value if overdue else self.state

    @property
    def icon(self) -> str:
        return _ICONS[self.kind]

    @property
    def asked_role(self) -> Role | None:
        return Role(self.role) if self.role else None

    @property
    def asked_permission(self) -> Permission | None:
        return Permission(self.permission) if self.permission else None

    @property
    def place(self) -> Workspace | Project | Resource | None:
        """Where access is asked for, or what is to be published; a new project has no place yet."""
        if self.kind == self.Kind.PROJECT:
            return None
        found: Workspace | Project | Resource | None
        found = self.workspace or self.project or self.resource
        return found

    @property
    def over(self) -> Project | None:
        """The project whose policies count: the place itself, or the one the resource is in."""
        project: Project | None = self.project or (self.resource and self.resource.project)
        return project

    @property
    def subject(self) -> str:
        """What is asked for, as the words after "asked for"."""
        if self.kind == self.Kind.PROJECT:
            return f"the project {self.name}"
        if self.kind == self.Kind.PUBLISH:
            return f"publishing {self.resource.name} to the Hub"
        if self.kind == self.Kind.GROUP:
            return f"a place in the group {self.group.name}{self._whom}"
        role, permission, place = self.asked_role, self.asked_permission, self.place
        what = f"the role {role.label}" if role else "access"
        if permission and not role:
            what = f"the right to {permission.label[0].lower()}{permission.label[1:]}"
        return what + (f" on {place.name}" if place else "") + self._whom

    @property
    def _whom(self) -> str:
        if self._is_for_a_group:
            return f" for the group {self.group.name}"
        if self.for_member_id and self.for_member_id != self.requested_by_id:
            return f" for {self.for_member.name}"
        return ""

    @property
    def _is_for_a_group(self) -> bool:
        return self.kind == self.Kind.PRODUCTION and self.group_id is not None


class InvitationProject(TenantModel):
    """A project role that whoever accepts the invitation gets with it (S2-158).

    It is given in the name of who promised it, as far as they may give it on that day.
    """

    organization = organization_key()
    invitation = key("orgs.Invitation", name="projects")
    project = key("projects.Project", index=True)
    role = models.TextField(choices=[(role.value, role.label) for role in PROJECT_ROLES])
    reason = models.TextField(blank=True, default="")
    promised_by = key("orgs.Membership", null=True)

    objects = TenantQuerySet["InvitationProject"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["invitation", "project"], name="invitation_project_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} with {self.invitation_id}"
