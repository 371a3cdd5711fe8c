"""Projects: the list, one's overview and its settings. HTTP only: get, ask, act, show.

How a project ends and comes back is in `project_ends.py`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from audit.events import Event
from config.gate import gate, reason_code
from config.keyset import page_links
from config.requests import asks_part
from config.roles import Permission
from orgs.access import Access
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import projects as actions
from projects.doors import ProjectRequest, project_at
from projects.forms.projects import (
    NewProjectForm,
    ProjectFilter,
    ProjectForm,
    ProjectPoliciesForm,
    SettingsForm,
    search_of,
)
from projects.models import Project
from projects.policies import ProjectPolicy
from projects.queries import project_facts as facts
from projects.queries import project_list as lists
from projects.queries import project_settings as reads
from projects.queries.parts import project_parts
from projects.queries.projects import counted, project_head


def looking(project: Project) -> Permission:
    """What looking at it takes: a deleted one is there for who may restore it, and nobody else."""
    gone = project.state == Project.State.DELETED
    return Permission.PROJECTS_DELETE if gone else Permission.PROJECTS_VIEW


@gate(Permission.ORG_VIEW_DASHBOARD)
def project_list(request: OrgRequest, slug: str) -> HttpResponse:
    asked = ProjectFilter.read(request.GET)
    page, rows = lists.project_page(request.access, asked)
    context = {
        "asked": asked,
        "rows": rows,
        **page_links(request, page),
        "total": counted(lists.project_count(request.access, asked)),
        "may": {
            "create": request.access.can(Permission.PROJECTS_CREATE),
            "request": request.access.can(Permission.PROJECTS_REQUEST),
            "view_all": request.access.can(Permission.PROJECTS_VIEW_ALL),
            "restore": reads.restores_some(request.access),
        },
        "part": asks_part(request),
    }
    if context["part"]:
        return render(request, "projects/projects.html#list", context)
    context["links"] = reads.filter_links(asked, lists.workspaces_offered(request.access))
    return render(request, "projects/projects.html", context)


@gate(Permission.PROJECTS_CREATE, records=Event.PROJECT_CREATED)
def project_create(request: OrgRequest, slug: str) -> HttpResponse:
    if request.headers.get("HX-Target") == "owner-options":
        found = reads.people_to_name(request.access, search_of({"q": request.GET.get("owner", "")}))
        return render(request, "projects/project_create.html#owner-options", {"found": found})
    form = NewProjectForm(
        posted(request),
        workspaces=reads.workspaces_for(request.access, None),
        find=reads.finder(request.access),
    )
    if form.is_valid():
        said = {"workspace": None, "owner": None} | form.cleaned_data
        try:
            project = actions.project_create(**said, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            to = reverse("project_view", args=[slug, project.pk])
            return elsewhere(request, f"{project.name} is a project now", to=to)
    return show(request, "projects/project_create.html", form, {})


@gate(looking, on=project_at)
def project_view(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    project, access = request.target, request.access
    context = {
        "head": project_head(access, project),
        "project": project,
        "holds": facts.project_holds(project),
        "policies": facts.policies_in_force(project),
        "overlaps": facts.overlaps(access, project),
        "mine": reads.my_standing(access, project),
    }
    return render(request, "projects/project.html", context)


@gate(Permission.PROJECTS_CHANGE, on=project_at)
def project_settings(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    return _settings(request)


@gate(Permission.PROJECTS_CHANGE, records=Event.PROJECT_CHANGED, on=project_at)
def project_change(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    if request.method != "POST":
        return redirect("project_settings", slug, pk)
    project = request.target
    form = SettingsForm(request.POST, workspaces=reads.workspaces_for(request.access, project))
    if not form.is_valid():
        return _settings(request, form=form)
    said = {"workspace": project.workspace} | form.cleaned_data
    try:
        changed = actions.project_change(project=project, **said, actor=request.access)
    except ValidationError as error:
        refuse(form, error)
        return _settings(request, form=form)
    messages.success(request, f"The settings of {changed.name} are saved")
    return redirect("project_settings", slug, pk)


@gate(Permission.PROJECTS_SET_POLICIES, records=Event.PROJECT_POLICIES_CHANGED, on=project_at)
def project_change_policies(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    if request.method != "POST":
        return redirect(reverse("project_settings", args=[slug, pk]) + "#policies")
    form = ProjectPoliciesForm(request.POST)
    if not form.is_valid():
        return _settings(request, policies_form=form)
    try:
        actions.project_change_policies(
            project=request.target, **form.cleaned_data, actor=request.access
        )
    except ValidationError as error:
        refuse(form, error)
        return _settings(request, policies_form=form)
    messages.success(request, f"The policies of {request.target.name} hold from now on")
    return redirect(reverse("project_settings", args=[slug, pk]) + "#policies")


def _settings(
    request: ProjectRequest,
    *,
    form: ProjectForm | None = None,
    policies_form: ProjectPoliciesForm | None = None,
) -> HttpResponse:
    """The page with the sections that this person's permissions open, and what was refused."""
    access = request.access
    refused = form or policies_form
    project = reads.as_it_is(request.target) if refused else request.target
    context = {
        "head": project_head(access, project, current="project_settings"),
        "project": project,
        "form": form or reads.settings_form(access, project),
        "policies_form": policies_form,
        "switches": _switches(access, project, policies_form),
        "overlaps": facts.overlaps(access, project),
        "version": actions.version_of(project),
        "stands": reads.meanwhile(form, project) if _overtaken(form) else [],
        "parts": project_parts(access, project),
    }
    status = 200 if refused is None else 409 if _overtaken(refused) else 422
    response = render(request, "projects/project_settings.html", context, status=status)
    if refused is not None:
        response.reason_code = reason_code(refused)  # type: ignore[attr-defined]
    return response


def _overtaken(form: Form | None) -> bool:
    return form is not None and form.is_bound and reason_code(form) == "changed_meanwhile"


def _switches(
    access: Access, project: Project, form: ProjectPoliciesForm | None
) -> list[dict[str, Any]]:
    """Each policy as it is, or as it was just chosen and refused; `kept` is an Owner's to end."""
    chosen = form.cleaned_data.get("policies") if form and form.is_bound else None
    on = frozenset(facts.policies_in_force(project)) if chosen is None else chosen
    theirs = not access.can(Permission.ORG_APPROVE_PRODUCTION)
    return [
        {
            "policy": policy,
            "keys": reads.personal_keys(project) if policy is ProjectPolicy.PERSONAL_KEYS else 0,
            "on": policy in on,
            "stands": project.has_policy(policy),
            "kept": theirs
            and policy is ProjectPolicy.OWNERS_APPROVE
            and project.has_policy(policy),
        }
        for policy in ProjectPolicy
    ]
