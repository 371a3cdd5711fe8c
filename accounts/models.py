"""Identities: one person, one sign-in, however many organizations."""

from __future__ import annotations

from typing import Any, ClassVar

from django.apps import apps
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from uuid6 import uuid7

from config.text import EMAIL_LENGTH, NAME_LENGTH

NOTICE_LENGTH = 300
ACCOUNT_FIELDS = (
    *("name", "email", "state", "state_reason", "is_active", "is_staff"),
    *("date_joined", "last_login"),
)
"""What the portal's role may read of an account, beside its id: never the password."""


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A superadmin: runs the containers in the portal, and passes no wall (is_staff only)."""
        from accounts.actions import superadmin_create  # The deed stands above its model.

        return superadmin_create(email=email, name=fields["name"], password=password)


class User(AbstractBaseUser, PermissionsMixin):
    """One person's identity on the platform."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PENDING = "pending", "Pending review"
        SUSPENDED = "suspended", "Suspended"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=EMAIL_LENGTH, unique=True)
    name = models.CharField(max_length=NAME_LENGTH)
    state = models.TextField(choices=State, default=State.ACTIVE)
    state_reason = models.TextField(blank=True, default="")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("superadmin", default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    @property
    def groups(self) -> models.QuerySet[Any]:  # type: ignore[override]
        """Their groups in the bound organization, for guardian: groups belong to organizations."""
        groups = apps.get_model("orgs", "Group")._default_manager
        live = Q(seats__expires_at__isnull=True) | Q(seats__expires_at__gt=Now())
        return groups.filter(live, seats__membership__person=self)

    class Meta:
        verbose_name = "account"
        constraints: ClassVar = [
            # Django and its permission libraries let a superuser through everywhere.
            models.CheckConstraint(condition=Q(is_superuser=False), name="user_never_superuser"),
            models.CheckConstraint(
                condition=Q(state="active", is_active=True)
                | (~Q(state="active") & Q(is_active=False)),
                name="user_active_is_the_active_state",
            ),
            models.CheckConstraint(condition=Q(email=Lower(F("email"))), name="user_email_lower"),
        ]
        indexes: ClassVar = [models.Index(fields=["name", "id"], name="user_by_name")]

    def __str__(self) -> str:
        return self.name or self.email


class PlatformSettings(models.Model):
    """How the platform stands to newcomers: one row, and none before it is first changed.

    Everybody reads it; only the portal's role may write it.
    """

    class Registration(models.TextChoices):
        OPEN = "open", "Open to everyone"
        APPROVAL = "approval", "By approval"
        CLOSED = "closed", "By invitation only"

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    registration = models.TextField(choices=Registration)
    support_email = models.EmailField(max_length=EMAIL_LENGTH, blank=True, default="")
    notice = models.CharField(max_length=NOTICE_LENGTH, blank=True, default="")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ()
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="platform_settings_once"),
            models.CheckConstraint(
                condition=Q(registration__in=["open", "approval", "closed"]),
                name="platform_settings_registration",
            ),
        ]

    def __str__(self) -> str:
        return self.get_registration_display()
