"""Keys of programs, the secrets they are known by, and the accounts of services."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from config.roles import Permission, Role, Scope
from config.text import NAME_LENGTH
from orgs.access import Access
from orgs.models.tenant import TenantModel, TenantQuerySet
from projects.models.references import key as reference
from projects.models.references import organization_key
from projects.policies import ProjectPolicy


class KeyQuerySet(TenantQuerySet["Key"]):
    def live(self) -> KeyQuerySet:
        """Neither revoked nor expired: what *Active keys* counts (S1-007)."""
        now = timezone.now()
        return self.filter(revoked_at=None).filter(
            Q(expires_at=None) | Q(expires_at__gt=now),
            Q(creator=None) | Q(creator__expires_at=None) | Q(creator__expires_at__gt=now),
        )


class Key(TenantModel):
    """What a program uses the platform with: its creator's live rights, narrowed, never widened.

    Whoever `creator` or `account` names lends it the rights. Its limits are the `Limit` of layer
    *key*; its secrets are rows of their own, two of them while it is rotated.
    """

    kind_label: ClassVar = "key"

    class Kind(models.TextChoices):
        ORGANIZATION = "organization", "Organization key"
        PROJECT = "project", "Project key"
        PERSONAL = "personal", "Personal key"

    organization = organization_key()
    kind = models.TextField(choices=Kind)
    name = models.CharField(max_length=NAME_LENGTH)
    project = reference("projects.Project", name="keys", null=True, index=True)
    creator = reference("orgs.Membership", name="keys", null=True, index=True)
    account = reference("projects.ServiceAccount", name="keys", null=True, index=True)
    cost_centre = reference("orgs.Group", name="keys", null=True, index=True)
    executes = models.BooleanField("execute workflows", default=True)
    chats = models.BooleanField("chat with agents", default=False)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=NAME_LENGTH, help_text="The name at that time.")
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=NAME_LENGTH, blank=True, default="")
    revoke_reason = models.TextField(blank=True, default="")

    objects = KeyQuerySet.as_manager()

    # The door says so of whoever looks at it: they set the limits of all keys.
    is_overseen = False

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind="organization", project=None)
                | Q(kind__in=("project", "personal")),
                name="key_is_where_its_kind_belongs",
            ),
            models.CheckConstraint(
                condition=Q(executes=True) | Q(chats=True), name="key_does_something"
            ),
            # A trigger revokes what a leaving creator held: no key lives without rights.
            models.CheckConstraint(
                condition=(
                    Q(revoked_at__isnull=False)
                    | Q(creator__isnull=False, account=None)
                    | Q(creator=None, account__isnull=False)
                ),
                name="key_has_one_holder",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "-created_at", "-id"], name="key_by_time"),
            models.Index(
                fields=["organization", "expires_at"],
                condition=Q(revoked_at=None),
                name="key_live",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> Scope:
        """Where the right to manage it is asked."""
        return Scope.ORGANIZATION if self.project is None else Scope.PROJECT

    @property
    def places(self) -> list[object]:
        return list(self.project.places) if self.project else []

    def roles_held_by(self, access: Access) -> frozenset[Role]:
        return access.roles_on(self.project) if self.project else frozenset()

    def leaves(self, permission: Permission) -> bool:
        """An archived project's keys are still looked at and revoked."""
        return True

    def is_own_of(self, access: Access) -> bool:
        """Does it act for this very person?"""
        return self.creator_id is not None and self.creator_id == access.membership_id

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and not self.is_expired

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_stopped(self) -> bool:
        """A live personal key whose project does not let people have any now."""
        if self.kind != self.Kind.PERSONAL or self.project is None or not self.is_live:
            return False
        return not self.project.has_policy(ProjectPolicy.PERSONAL_KEYS)

    @property
    def scope_label(self) -> str:
        """What it may do, as its form says it (S2-145)."""
        if self.executes and self.chats:
            return "Execute workflows and chat with agents"
        return "Execute workflows" if self.executes else "Chat with agents"


class KeySecret(TenantModel):
    """One secret of a key, known by its digest alone; `ends_at` is when rotation retires it."""

    organization = organization_key()
    key = reference("projects.Key", name="secrets", index=True)
    digest = models.BinaryField(help_text="SHA-256 of the whole key.")
    prefix = models.CharField(max_length=16)
    suffix = models.CharField(max_length=4)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=NAME_LENGTH)
    ends_at = models.DateTimeField(null=True, blank=True)
    first_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_used_ip = models.GenericIPAddressField(null=True, blank=True, editable=False)

    objects = TenantQuerySet["KeySecret"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "digest"], name="key_secret_digest"),
        ]

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> str:
        """All that is ever shown of it again."""
        return f"{self.prefix}…{self.suffix}"

    @property
    def is_live(self) -> bool:
        return self.ends_at is None or self.ends_at > timezone.now()


class ServiceAccount(TenantModel):
    """A program of the organization's own: holds keys that outlive people, and scoped tokens."""

    kind_label: ClassVar = "service account"

    organization = organization_key()
    name = models.CharField(max_length=NAME_LENGTH)
    description = models.CharField(max_length=500, blank=True, default="")
    # The organization role its keys have: none, or Member.
    role = models.TextField(
        choices=[("", "None"), (Role.MEMBER.value, Role.MEMBER.label)], blank=True, default=""
    )
    suspended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = reference("orgs.Membership", null=True)

    objects = TenantQuerySet["ServiceAccount"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="service_account_name",
                violation_error_message="A service account with this name exists.",
            ),
            models.CheckConstraint(
                condition=Q(role__in=("", Role.MEMBER.value)), name="service_account_role"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_suspended(self) -> bool:
        return self.suspended_at is not None


class ServiceAccountProject(TenantModel):
    """A project in which the keys of a service account work, with a Project Member's rights."""

    organization = organization_key()
    account = reference("projects.ServiceAccount", name="projects")
    project = reference("projects.Project", name="service_accounts", index=True)
    granted_by = reference("orgs.Membership", null=True)
    granted_at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(blank=True, default="")

    objects = TenantQuerySet["ServiceAccountProject"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "project"], name="service_account_project_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.project_id}"


class ServiceToken(TenantModel):
    """What a service account signs its requests with: the only token that may change anything."""

    class Scope(models.TextChoices):
        DECIDE = "decide", "Ask for decisions and verify keys"
        RECORD = "record", "Report usage and executions"
        AUDIT_READ = "audit.read", "Read the audit log"
        AUDIT_EXPORT = "audit.export", "Export the audit log"
        MEMBERS_INVITE = "members.invite", "Invite members"
        SCIM = "scim", "Provision people and groups"

    organization = organization_key()
    account = reference("projects.ServiceAccount", name="tokens", index=True)
    name = models.CharField(max_length=NAME_LENGTH)
    scopes = ArrayField(models.TextField(choices=Scope))
    digest = models.BinaryField(help_text="SHA-256 of the whole token.")
    prefix = models.CharField(max_length=16)
    suffix = models.CharField(max_length=4)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=NAME_LENGTH)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=NAME_LENGTH, blank=True, default="")
    revoke_reason = models.TextField(blank=True, default="")
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = TenantQuerySet["ServiceToken"].as_manager()

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organization", "digest"], name="service_token_digest"),
        ]
        indexes: ClassVar = [models.Index(fields=["digest"], name="service_token_by_digest")]

    def __str__(self) -> str:
        return self.name

    @property
    def shown(self) -> str:
        return f"{self.prefix}…{self.suffix}"

    @property
    def is_live(self) -> bool:
        ended = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not ended
