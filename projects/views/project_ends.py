"""Archiving, deleting and restoring a project. HTTP only: get, ask, act, show."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.urls import reverse

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.forms.members import ConfirmForm, ReasonForm
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import project_ends as actions
from projects.doors import ProjectRequest, project_at
from projects.forms.projects import RestoreForm
from projects.queries.project_facts import project_holds
from projects.queries.projects import project_head


@gate(Permission.PROJECTS_DELETE, records=Event.PROJECT_ARCHIVED, on=project_at)
def project_archive(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    form = ReasonForm(posted(request))
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            actions.project_archive(project=request.target, reason=reason, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{request.target.name} is archived: it may be read, and nothing else"
            return elsewhere(request, text, to=_page(request, slug))
    return show(request, "projects/project_archive.html", form, _consequences(request))


@gate(Permission.PROJECTS_DELETE, records=Event.PROJECT_RESTORED, on=project_at)
def project_restore(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    project = request.target
    form = RestoreForm(posted(request), initial={"name": project.name})
    if form.is_valid():
        name = form.cleaned_data["name"]
        try:
            restored = actions.project_restore(project=project, name=name, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{restored.name} is back, with everything in it"
            return elsewhere(request, text, to=_page(request, slug))
    context = _consequences(request) | {"taken": form.has_error("name", "name_taken")}
    return show(request, "projects/project_restore.html", form, context)


@gate(Permission.PROJECTS_DELETE, records=Event.PROJECT_DELETED, fresh=True, on=project_at)
def project_delete(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    project = request.target
    form = ConfirmForm(posted(request), name=project.name)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            actions.project_delete(project=project, reason=reason, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{project.name} is deleted; for {actions.DAYS_KEPT} days it may be restored"
            return elsewhere(request, text, to=reverse("project_list", args=[slug]))
    return show(request, "projects/project_delete.html", form, _consequences(request))


def _consequences(request: ProjectRequest) -> dict[str, Any]:
    """Whom and what it touches, in numbers."""
    return {
        "head": project_head(request.access, request.target),
        "project": request.target,
        "holds": project_holds(request.target),
        "days": actions.DAYS_KEPT,
    }


def _page(request: ProjectRequest, slug: str) -> str:
    return reverse("project_view", args=[slug, request.target.pk])
