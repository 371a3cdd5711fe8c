"""Agents, workflows, tools and knowledge bases of a project, and deeds on any one resource.

HTTP only: get, ask, act, show.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from audit.events import Event
from config.gate import gate
from config.keyset import page_links
from config.requests import asks_part
from config.roles import Permission
from orgs.forms.members import ConfirmForm, ReasonForm
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import resources as actions
from projects.doors import ProjectRequest, ResourceRequest, project_at, resource_at, seeing
from projects.forms.projects import search_of
from projects.kinds import KINDS, Kind, deleting, kind_of, reading_history
from projects.models import Project, Resource
from projects.queries import configurations
from projects.queries import resources as queries
from projects.queries.hub import waiting_tasks
from projects.queries.overtaking import steps_between
from projects.queries.projects import project_head

TASKS_SHOWN = 10


@gate(Permission.PROJECTS_VIEW, on=project_at)
def project_resources(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    project, access = request.target, request.access
    kind = KINDS[asked] if (asked := request.GET.get("kind", "")) in KINDS else None
    search = search_of(request.GET)
    page = queries.resource_list(
        access=access,
        project=project,
        kind=kind.value if kind else "",
        search=search,
        cursor=request.GET.get("page"),
    )
    context = {"page": page, **page_links(request, page), "q": search, "kind": kind}
    for row in page.rows:
        row.look = kind_of(row)  # type: ignore[attr-defined]
    if asks_part(request):
        return render(request, "projects/project_resources.html#resource-list", context)
    return render(request, "projects/project_resources.html", context | _room_of(request, project))


@gate(Permission.AGENTS_CREATE, records=Event.RESOURCE_CREATED, on=project_at)
def agent_create(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    return resource_create_page(request, "agent", request.target)


@gate(Permission.WORKFLOWS_CREATE, records=Event.RESOURCE_CREATED, on=project_at)
def workflow_create(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    return resource_create_page(request, "workflow", request.target)


@gate(Permission.TOOLS_CREATE, records=Event.RESOURCE_CREATED, on=project_at)
def tool_create(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    return resource_create_page(request, "tool", request.target)


@gate(Permission.KNOWLEDGE_BASES_CREATE, records=Event.RESOURCE_CREATED, on=project_at)
def knowledge_base_create(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    return resource_create_page(request, "knowledge_base", request.target)


def resource_create_page(request: OrgRequest, kind: str, project: Project | None) -> HttpResponse:
    """The form of a new resource, in this project or of the organization; the lock has asked."""
    made = KINDS[kind]
    offers = queries.offers_of(access=request.access, kind=made, project=project, configuration={})
    form = made.form(posted(request), offers=offers)
    if form.is_valid():
        try:
            resource = actions.resource_create(
                kind=kind,
                project=project,
                name=form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                configuration=form.configuration(),
                actor=request.access,
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            return elsewhere(
                request, f"{resource.name} is there", to=page_of(resource, request.org.slug)
            )
    back = list_of(request.org.slug, project, made)
    context = {"kind": made, "project": project, "back": back}
    return show(request, "projects/resource_create.html", form, context)


@gate(seeing, on=resource_at)
def resource_view(request: ResourceRequest, slug: str, pk: UUID) -> HttpResponse:
    resource, access = request.target, request.access
    kind = kind_of(resource)
    names = configurations.names_in(access, kind, [resource.configuration])
    context = {
        "head": queries.resource_head(access, resource),
        "facts": configurations.facts_of(kind, resource.configuration, names),
        "last": queries.newest_version(resource),
    }
    return render(request, "projects/resource.html", context)


@gate(deleting, records=Event.RESOURCE_DELETED, on=resource_at)
def resource_delete(request: ResourceRequest, slug: str, pk: UUID) -> HttpResponse:
    resource = request.target
    form = ConfirmForm(posted(request), name=resource.name)
    if form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            actions.resource_delete(resource=resource, reason=reason, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            to = list_of(slug, resource.project, kind_of(resource))
            return elsewhere(request, f"{resource.name} is deleted", to=to)
    context = {
        "resource": resource,
        "kind": kind_of(resource),
        "loses": queries.consequences(request.access, resource),
    }
    return show(request, "projects/resource_delete.html", form, context)


@gate(seeing, on=resource_at)
def resource_versions(request: ResourceRequest, slug: str, pk: UUID) -> HttpResponse:
    resource, access = request.target, request.access
    page, before = queries.version_list(resource, cursor=request.GET.get("page"))
    steps = steps_between(access, kind_of(resource), page.rows, before)
    context = {
        "head": queries.resource_head(access, resource),
        "steps": steps,
        "page": page,
        **page_links(request, page),
    }
    return render(request, "projects/resource_versions.html", context)


@gate(reading_history, on=resource_at)
def resource_history(request: ResourceRequest, slug: str, pk: UUID) -> HttpResponse:
    resource = request.target
    page = queries.history(resource, cursor=request.GET.get("page"))
    context = {
        "head": queries.resource_head(request.access, resource),
        "page": page,
        **page_links(request, page),
    }
    return render(request, "projects/resource_history.html", context)


@gate(Permission.HUB_PUBLISH, records=Event.RESOURCE_PUBLISHED, on=resource_at)
def resource_publish(request: ResourceRequest, slug: str, pk: UUID) -> HttpResponse:
    deed = actions.resource_publish
    return _publishing(request, slug, deed, "resource_publish", "in the Hub")


@gate(Permission.HUB_PUBLISH, records=Event.RESOURCE_WITHDRAWN, on=resource_at)
def resource_withdraw(request: ResourceRequest, slug: str, pk: UUID) -> HttpResponse:
    deed = actions.resource_withdraw
    return _publishing(request, slug, deed, "resource_withdraw", "no longer in the Hub")


def _room_of(request: ProjectRequest, project: Project) -> dict[str, Any]:
    """What stands around the list: the project's head, the Studio, filters, tasks that wait."""
    access = request.access
    counts = queries.kind_counts(project)
    inside = [kind for kind in KINDS.values() if not kind.room]
    studio = access.can(Permission.STUDIO_ACCESS, project)
    manages = access.can(Permission.PROJECTS_CHANGE, project)
    return {
        "head": project_head(access, project),
        "studio": [kind for kind in inside if studio and access.can(kind.create, project)],
        "kinds": [(kind, counts.get(kind.value, 0)) for kind in inside],
        "total": sum(counts.values()),
        "tasks": waiting_tasks(project)[:TASKS_SHOWN] if manages else [],
    }


def _publishing(
    request: ResourceRequest,
    slug: str,
    deed: Callable[..., Resource],
    template: str,
    what: str,
) -> HttpResponse:
    """Publish or withdraw: the same question, and the same answers to it."""
    resource = request.target
    form = ReasonForm(posted(request))
    if form.is_valid():
        try:
            deed(resource=resource, reason=form.cleaned_data["reason"], actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            return elsewhere(request, f"{resource.name} is {what}", to=page_of(resource, slug))
    context = {
        "resource": resource,
        "kind": kind_of(resource),
        "reach": queries.reach_of(resource),
    }
    return show(request, f"projects/{template}.html", form, context)


def page_of(resource: Resource, slug: str) -> str:
    return reverse("resource_view", args=[slug, resource.pk])


def list_of(slug: str, project: Project | None, kind: Kind) -> str:
    """The page on which resources of this kind stand, in this project."""
    if project is None:
        return reverse(kind.room, args=[slug])
    return reverse("project_resources", args=[slug, project.pk])
