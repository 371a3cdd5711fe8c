"""What the locks of this app are about: the object of an address, if this person may see it.

A stranger's object, a missing one and one that may not be seen are the same 404 (C4-9).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from config.roles import Permission, Role, Scope
from orgs.tenancy import OrgRequest
from projects.models import Key, Project, Resource, ServiceAccount, Workspace
from projects.models.resources import SEE_ALL


class WorkspaceRequest(OrgRequest):
    """What a view behind `on=workspace_at` gets. Never instantiated."""

    target: Workspace


class ProjectRequest(OrgRequest):
    """What a view behind `on=project_at` gets. Never instantiated."""

    target: Project


class ResourceRequest(OrgRequest):
    """What a view behind `on=resource_at` gets. Never instantiated."""

    target: Resource


def workspace_at(request: OrgRequest, *, pk: UUID, **_: Any) -> Workspace:
    workspace: Workspace = _found(request, Workspace.objects.all(), pk)
    if not request.access.can(Permission.WORKSPACES_VIEW, workspace):
        raise Http404
    return workspace


def project_at(request: OrgRequest, *, pk: UUID, **_: Any) -> Project:
    """An archived one is still seen, a deleted one by who may restore it."""
    project: Project = _found(request, Project.objects.select_related("workspace"), pk)
    may = request.access.can
    if not (may(Permission.PROJECTS_VIEW, project) or may(Permission.PROJECTS_DELETE, project)):
        raise Http404
    return project


def resource_at(request: OrgRequest, *, pk: UUID, **_: Any) -> Resource:
    resource: Resource = _found(request, Resource.objects.select_related("project"), pk)
    if not request.access.can(seeing(resource), resource) or _is_for_the_hub(request, resource):
        raise Http404
    return resource


def _is_for_the_hub(request: OrgRequest, resource: Resource) -> bool:
    """What is merely shared with an End User is found in the Hub, and nowhere else (S2-090)."""
    held = request.access.roles_on(resource)
    shared_only = all(role.scope is Scope.RESOURCE for role in held)
    return Role.END_USER in request.access.roles and shared_only and not _sees_all(request)


def _sees_all(request: OrgRequest) -> bool:
    return any(map(request.access.can, (Permission.PROJECTS_VIEW_ALL, *SEE_ALL.values())))


def seeing(resource: Resource) -> Permission:
    """The permission that seeing this resource takes."""
    return SEE_ALL.get(resource.kind, Permission.PROJECTS_VIEW)


def _found(request: OrgRequest, queryset: QuerySet[Any], pk: UUID) -> Any:
    return get_object_or_404(queryset.filter(organization=request.org.id), pk=pk)


class KeyRequest(OrgRequest):
    """What a view behind `on=key_at` gets. Never instantiated."""

    target: Key


class ServiceAccountRequest(OrgRequest):
    """What a view behind `on=service_account_at` gets. Never instantiated."""

    target: ServiceAccount


def key_at(request: OrgRequest, *, pk: UUID, **_: Any) -> Key:
    """A key, for whoever manages it, made it, or sets the limits of all of them."""
    key: Key = _found(
        request, Key.objects.select_related("project", "creator", "account", "cost_centre"), pk
    )
    may = request.access.can
    key.is_overseen = may(Permission.KEYS_SET_POLICIES)
    if not (key.is_own_of(request.access) or key.is_overseen or may(managing(key), key)):
        raise Http404
    return key


def managing(key: Key) -> Permission:
    """The permission that managing this key takes, asked on the key (X-08, X-09).

    A personal key is managed by its creator as long as they see the project (`own_key_at`), and
    by whoever may create the project's keys.
    """
    return Permission.PROJECTS_CREATE_KEYS if key.project else Permission.KEYS_CREATE


def seeing_key(key: Key) -> Permission:
    """What looking at a key takes, once `key_at` has let this person come."""
    is_projects = key.kind == Key.Kind.PERSONAL and not key.is_overseen
    return Permission.PROJECTS_VIEW if is_projects else Permission.ORG_VIEW


def changing_key(key: Key) -> Permission:
    """What the deeds on a key take, once `managed_key_at` has let this person come."""
    return Permission.PROJECTS_VIEW if key.kind == Key.Kind.PERSONAL else managing(key)


def managed_key_at(request: OrgRequest, *, pk: UUID, **_: Any) -> Key:
    """As `key_at`; a personal key is nobody's but its creator's and the key managers'."""
    key = key_at(request, pk=pk)
    if key.kind != Key.Kind.PERSONAL or key.is_own_of(request.access):
        return key
    if not request.access.can(managing(key), key):
        raise Http404
    return key


def service_account_at(request: OrgRequest, *, pk: UUID, **_: Any) -> ServiceAccount:
    account: ServiceAccount = _found(request, ServiceAccount.objects.all(), pk)
    return account
