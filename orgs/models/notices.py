"""What the console tells one member."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from orgs.models.organizations import Membership, Organization
from orgs.models.tenant import TenantModel, TenantQuerySet


class Notice(TenantModel):
    """One sentence for one member, with the page it leads to; also sent by mail.

    `key` says what it is about, so that a job that runs twice tells nobody twice.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    membership = models.ForeignKey(
        Membership,
        on_delete=models.DO_NOTHING,
        related_name="notices",
        db_constraint=False,
        db_index=False,
    )
    text = models.CharField(max_length=300)
    path = models.CharField(max_length=300, blank=True, default="")
    key = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["Notice"].as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organization", "membership", "key"],
                condition=~models.Q(key=""),
                name="notice_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["membership", "-created_at", "-id"], name="notice_by_time"),
        ]

    def __str__(self) -> str:
        return self.text
