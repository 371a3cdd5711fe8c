"""Workspaces and the projects in them. HTTP only: get, ask, act, show."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from audit.events import Event
from config.gate import gate
from config.keyset import page_links
from config.requests import asks_part
from config.roles import Permission
from orgs.forms.members import ConfirmForm
from orgs.preview import code_of
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import workspaces as actions
from projects.doors import WorkspaceRequest, workspace_at
from projects.forms.projects import search_of
from projects.forms.workspaces import WorkspaceForm
from projects.models import Project, Workspace
from projects.queries import project_list
from projects.queries import workspaces as queries
from projects.queries.projects import counted


@gate(Permission.ORG_VIEW_DASHBOARD)
def workspace_list(request: OrgRequest, slug: str) -> HttpResponse:
    search = search_of(request.GET)
    page, rows = queries.workspace_page(
        request.access, search=search, cursor=request.GET.get("page")
    )
    context = {
        "rows": rows,
        **page_links(request, page),
        "q": search,
        "total": counted(queries.workspace_count(request.access, search)),
        "may": {
            "create": request.access.can(Permission.WORKSPACES_CREATE),
            "view_all": request.access.can(Permission.WORKSPACES_VIEW_ALL),
        },
        "part": asks_part(request),
    }
    part = "#list" if context["part"] else ""
    return render(request, f"projects/workspaces.html{part}", context)


@gate(Permission.WORKSPACES_CREATE, records=Event.WORKSPACE_CREATED)
def workspace_create(request: OrgRequest, slug: str) -> HttpResponse:
    form = WorkspaceForm(posted(request))
    if form.is_valid():
        try:
            workspace = actions.workspace_create(**form.cleaned_data, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            return elsewhere(
                request, f"{workspace.name} is a workspace now", to=_page(workspace, slug)
            )
    return show(request, "projects/workspace_form.html", form, {"workspace": None})


@gate(Permission.WORKSPACES_VIEW, on=workspace_at)
def workspace_view(request: WorkspaceRequest, slug: str, pk: UUID) -> HttpResponse:
    search = search_of(request.GET)
    projects = project_list.in_workspace(request.access, request.target, search)
    page, rows = project_list.project_rows(request.access, projects, request.GET.get("page"))
    head = queries.workspace_head(request.access, request.target)
    context = {
        "head": head,
        "may": head["may"],
        "workspace": request.target,
        "rows": rows,
        **page_links(request, page),
        "q": search,
    }
    part = "#list" if asks_part(request) else ""
    return render(request, f"projects/workspace.html{part}", context)


@gate(Permission.WORKSPACES_MANAGE_MEMBERS, records=Event.WORKSPACE_CHANGED, on=workspace_at)
def workspace_change(request: WorkspaceRequest, slug: str, pk: UUID) -> HttpResponse:
    workspace = request.target
    initial = {"name": workspace.name, "description": workspace.description}
    form = WorkspaceForm(posted(request), initial=initial)
    if form.is_valid():
        try:
            actions.workspace_change(workspace=workspace, **form.cleaned_data, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{form.cleaned_data['name']} is changed"
            return elsewhere(request, text, to=_page(workspace, slug))
    return show(request, "projects/workspace_form.html", form, {"workspace": workspace})


@gate(Permission.WORKSPACES_DELETE, records=Event.WORKSPACE_DELETED, fresh=True, on=workspace_at)
def workspace_delete(request: WorkspaceRequest, slug: str, pk: UUID) -> HttpResponse:
    workspace = request.target
    form = ConfirmForm(posted(request), name=workspace.name)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            left = actions.workspace_delete(
                workspace=workspace, reason=reason, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{workspace.name} is deleted{_stays(left)}"
            return elsewhere(request, text, to=reverse("workspace_list", args=[slug]))
    return show(request, "projects/workspace_delete.html", form, _before_deleting(request))


@gate(Permission.WORKSPACES_ASSIGN_PROJECTS, records=Event.PROJECT_MOVED, on=workspace_at)
def workspace_assign(request: WorkspaceRequest, slug: str, pk: UUID) -> HttpResponse:
    workspace, search, error = request.target, search_of(request.GET), None
    if request.method == "POST":
        project = _visible(request, request.POST.get("project", ""))
        try:
            actions.project_move(project=project, workspace=workspace, actor=request.access)
        except ValidationError as refusal:
            error = refusal
        else:
            text = f"{project.name} is in {workspace.name} now"
            return elsewhere(request, text, to=_page(workspace, slug))
    found = project_list.projects_to_assign(request.access, workspace, search)
    people = len(queries.leaving_with(workspace).holders)
    context = {"workspace": workspace, "q": search, "found": found, "people": people}
    return _choice(request, context, error)


@gate(Permission.WORKSPACES_ASSIGN_PROJECTS, records=Event.PROJECT_MOVED, on=workspace_at)
def workspace_unassign(
    request: WorkspaceRequest, slug: str, pk: UUID, project: UUID
) -> HttpResponse:
    workspace = request.target
    inside = project_list.in_workspace(request.access, workspace, "").select_related("workspace")
    taken = get_object_or_404(inside, pk=project)
    deed = partial(actions.project_move, project=taken, workspace=None, actor=request.access)
    error = None
    if request.method == "POST":
        try:
            deed()
        except ValidationError as refusal:
            error = refusal
        else:
            text = f"{taken.name} is no longer in {workspace.name}"
            return elsewhere(request, text, to=_page(workspace, slug))
    holders = queries.leaving_with(workspace).holders
    blind = queries.losing_sight(request.access, deed, people=holders, projects=[taken.pk])
    context = {"workspace": workspace, "project": taken, "blind": blind}
    return _answer(request, "projects/workspace_unassign.html", context, error)


def _choice(
    request: WorkspaceRequest, context: dict[str, Any], error: ValidationError | None
) -> HttpResponse:
    if request.headers.get("HX-Target") == "assignable":
        return render(request, "projects/workspace_assign.html#assignable", context)
    return _answer(request, "projects/workspace_assign.html", context, error)


def _answer(
    request: WorkspaceRequest, template: str, context: dict[str, Any], error: ValidationError | None
) -> HttpResponse:
    """A dialog without a form of fields: 422 and the sentence when the deed was refused."""
    context["refusal"] = error.messages[0] if error else ""
    response = show(request, template, None, context)
    if error:
        response.status_code = 422
        response.reason_code = code_of(error)  # type: ignore[attr-defined]
    return response


def _before_deleting(request: WorkspaceRequest) -> dict[str, Any]:
    """What goes, what stays, and who no longer sees what stays."""
    leaving = queries.leaving_with(request.target)
    deed = partial(
        actions.workspace_delete, workspace=request.target, reason="", actor=request.access
    )
    blind = queries.losing_sight(
        request.access, deed, people=leaving.holders, projects=leaving.projects
    )
    return {"workspace": request.target, "leaving": leaving, "blind": blind}


def _stays(projects: int) -> str:
    if not projects:
        return ""
    return "; its project stays" if projects == 1 else f"; its {projects:,} projects stay"


def _visible(request: OrgRequest, text: str) -> Project:
    try:
        wanted = UUID(text)
    except ValueError:
        wanted = UUID(int=0)
    projects = request.access.visible(Project.objects.kept())
    found: Project = get_object_or_404(projects, pk=wanted)
    return found


def _page(workspace: Workspace, slug: str) -> str:
    return reverse("workspace_view", args=[slug, workspace.pk])
