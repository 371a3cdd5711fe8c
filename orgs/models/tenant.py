"""What every table of an organization's contents has in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar
from uuid import UUID

from django.db import models
from uuid6 import uuid7

if TYPE_CHECKING:
    from orgs.models.organizations import Organization

M = TypeVar("M", bound=models.Model)


class TenantQuerySet(models.QuerySet[M]):
    """The first wall: every query starts by naming its organization."""

    def in_org(self, org: Organization | UUID) -> Self:
        return self.filter(organization=org)


class TenantModel(models.Model):
    """A row of one organization; `orgs/walls.py` adds the second wall to its table.

    Keys are UUIDv7: a sequence would tell one tenant how busy the others are.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True


def sort_name() -> models.GeneratedField:
    """The name as lists are ordered by it: without case or accents (`fold_name`, in SQL).

    A column of its own, because row security keeps an index on an expression from bounding a page.
    """
    return models.GeneratedField(
        expression=models.Func("name", function="fold_name"),
        output_field=models.TextField(),
        db_persist=True,
    )
