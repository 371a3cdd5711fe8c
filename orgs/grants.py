"""Grants: a role on one object, given to a person or a group. The only module that knows guardian.

The permission that guardian's row names *is* the role; the rule book says what it means. Each
kind of object has direct tables of its own (see the subclasses); who may give is `orgs/ceiling.py`.
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import Permission as RolePermission
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from guardian.managers import GroupObjectPermissionManager, UserObjectPermissionManager
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase
from uuid6 import uuid7

from config.roles import Role


class GrantQuerySet(models.QuerySet[Any]):
    """Grants of one organization, and those in force."""

    def in_org(self, organization: Any) -> Self:
        return self.filter(organization=organization)

    def live(self) -> Self:
        """Whose end has not come: an expired grant is void at once, whatever a job does later."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=Now()))


class PersonGrants(UserObjectPermissionManager.from_queryset(GrantQuerySet)):  # type: ignore[misc]
    """Guardian's manager, with the questions of every grant."""


class GroupGrants(GroupObjectPermissionManager.from_queryset(GrantQuerySet)):  # type: ignore[misc]
    """Guardian's manager, with the questions of every grant."""


class Grant(models.Model):
    """Who gave it, since when, why and until when; the role is guardian's permission."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        "orgs.Organization", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    granted_by = models.ForeignKey(
        "orgs.Membership",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    granted_at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Guardian's own `assign_perm` names no organization: it is the object's."""
        row: Any = self
        if row.organization_id is None:
            place = row.content_object
            row.organization_id = getattr(place, "organization_id", None) or place.pk
        super().save(*args, **kwargs)

    @property
    def role(self) -> Role:
        row: Any = self
        return role_of(row.permission_id)

    @role.setter
    def role(self, role: Role) -> None:
        row: Any = self
        row.permission_id = permission_id(role)

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


class PersonGrant(Grant, UserObjectPermissionBase):
    """A role for one person; it goes with their membership."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False)
    permission = models.ForeignKey(RolePermission, on_delete=models.PROTECT, db_index=False)

    objects: ClassVar = PersonGrants()

    class Meta(UserObjectPermissionBase.Meta):
        abstract = True
        unique_together: ClassVar = []

    def __str__(self) -> str:
        return f"{self.role.label} for {self.user_id}"


class GroupGrant(Grant, GroupObjectPermissionBase):
    """A role for everyone who is in a group, now and later; it goes with the group."""

    # Guardian means Django's global groups; these belong to an organization.
    group: Any = models.ForeignKey(
        "orgs.Group", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False
    )
    permission = models.ForeignKey(RolePermission, on_delete=models.PROTECT, db_index=False)

    objects: ClassVar = GroupGrants()

    class Meta(GroupObjectPermissionBase.Meta):
        abstract = True
        unique_together: ClassVar = []

    def __str__(self) -> str:
        return f"{self.role.label} for the group {self.group_id}"


def role_permissions(*roles: Role) -> Any:
    """For `Meta.permissions` of what may be shared: its roles, as guardian's permissions."""
    return [(role.value, role.label) for role in roles]


def permission_id(role: Role) -> int:
    """The key of guardian's permission that stands for this role."""
    return _permissions()[role]


def role_of(permission: int) -> Role:
    """The role that guardian's permission stands for."""
    return _roles()[permission]


@cache
def _permissions() -> dict[Role, int]:
    """Made by `migrate` and never again, so a process asks once."""
    rows = RolePermission.objects.filter(
        codename__in=list(Role), content_type__app_label__in=("orgs", "projects")
    )
    return {Role(codename): pk for codename, pk in rows.values_list("codename", "pk")}


@cache
def _roles() -> dict[int, Role]:
    return {pk: role for role, pk in _permissions().items()}


def forget() -> None:
    """Ask again: the keys differ from one database to another."""
    _permissions.cache_clear()
    _roles.cache_clear()
