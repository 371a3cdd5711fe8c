"""Who holds a role on a workspace, a project or one resource: guardian's rows, by direct key."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from orgs.grants import GroupGrant, PersonGrant


def _on(model: str, name: str) -> Any:
    return models.ForeignKey(
        model,
        on_delete=models.DO_NOTHING,
        related_name=name,
        db_column="content_object_id",
        db_constraint=False,
        db_index=False,
    )


def _one_role(grantee: str, name: str) -> list[models.BaseConstraint]:
    """One role on one object for whom it is given to; the index answers a decision by itself."""
    return [
        models.UniqueConstraint(
            fields=[grantee, "content_object"],
            include=["permission", "expires_at"],
            name=f"{name}_once",
        )
    ]


def _both_ways(grantee: str, name: str) -> list[models.Index]:
    """Guardian's own tables lack the way from the object to whom it was given."""
    return [
        models.Index(
            fields=["content_object", grantee],
            include=["permission", "expires_at"],
            name=f"{name}_by_object",
        ),
        models.Index(
            fields=["organization", "expires_at"],
            condition=models.Q(expires_at__isnull=False),
            name=f"{name}_by_end",
        ),
    ]


class WorkspaceGrant(PersonGrant):
    """A workspace role of one person."""

    content_object = _on("projects.Workspace", "grants")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = _one_role("user", "workspace_grant")
        indexes: ClassVar = _both_ways("user", "workspace_grant")


class WorkspaceGroupGrant(GroupGrant):
    """A workspace role of a group."""

    content_object = _on("projects.Workspace", "group_grants")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = _one_role("group", "workspace_group_grant")
        indexes: ClassVar = _both_ways("group", "workspace_group")


class ProjectGrant(PersonGrant):
    """A project role of one person."""

    content_object = _on("projects.Project", "grants")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = _one_role("user", "project_grant")
        indexes: ClassVar = _both_ways("user", "project_grant")


class ProjectGroupGrant(GroupGrant):
    """A project role of a group."""

    content_object = _on("projects.Project", "group_grants")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = _one_role("group", "project_group_grant")
        indexes: ClassVar = _both_ways("group", "project_group")


class ResourceGrant(PersonGrant):
    """One resource, shared with one person."""

    content_object = _on("projects.Resource", "grants")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = _one_role("user", "resource_grant")
        indexes: ClassVar = _both_ways("user", "resource_grant")


class ResourceGroupGrant(GroupGrant):
    """One resource, shared with a group."""

    content_object = _on("projects.Resource", "group_grants")

    class Meta:
        default_permissions = ()
        constraints: ClassVar = _one_role("group", "resource_group_grant")
        indexes: ClassVar = _both_ways("group", "resource_group")
