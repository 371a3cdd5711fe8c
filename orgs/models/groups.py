"""Groups of an organization's people."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from config.text import NAME_LENGTH
from orgs.grants import GroupGrant
from orgs.models.organizations import Membership, Organization
from orgs.models.tenant import TenantModel, TenantQuerySet, sort_name


class Group(TenantModel):
    """People of one organization under one name; may stand inside another group.

    A secret group is seen by those in it and by those who manage groups.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="groups", db_index=False
    )
    name = models.CharField(max_length=NAME_LENGTH)
    sort_name = sort_name()
    description = models.CharField(max_length=500, blank=True, default="")
    parent = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="children",
        db_constraint=False,
    )
    secret = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TenantQuerySet["Group"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                name="group_name",
                violation_error_message="A group with this name exists.",
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="group_not_its_own_parent"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "sort_name", "id"], name="group_by_name"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMembership(TenantModel):
    """One member in one group; being its maintainer is shown and carries no permission."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    group = models.ForeignKey(
        Group,
        on_delete=models.DO_NOTHING,
        related_name="seats",
        db_constraint=False,
        db_index=False,
    )
    membership = models.ForeignKey(
        Membership, on_delete=models.DO_NOTHING, related_name="seats", db_constraint=False
    )
    is_maintainer = models.BooleanField(default=False)
    added_at = models.DateTimeField(auto_now_add=True)
    added_by = models.ForeignKey(
        Membership,
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    reason = models.TextField(blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Void from then on.")

    objects = TenantQuerySet["GroupMembership"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["group", "membership"],
                include=["expires_at"],
                name="group_membership_once",
                violation_error_message="This person is already in the group.",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organization", "expires_at"],
                condition=Q(expires_at__isnull=False),
                name="group_membership_by_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} in {self.group_id}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


class GroupRole(GroupGrant):
    """An organization role that a group carries: its people hold it, on all there is and will be.

    The object that guardian asks for is the organization itself.
    """

    content_object = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        related_name="group_roles",
        db_column="content_object_id",
        db_index=False,
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["group", "permission"], include=["expires_at"], name="group_role_once"
            ),
            models.CheckConstraint(
                condition=Q(content_object=F("organization")), name="group_role_on_own_organization"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organization", "permission", "group"], name="group_role_by_role"),
            models.Index(
                fields=["organization", "expires_at"],
                condition=Q(expires_at__isnull=False),
                name="group_role_by_end",
            ),
        ]
