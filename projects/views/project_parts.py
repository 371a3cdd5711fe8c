"""What a project has besides people and resources: environments, prebuilds, secrets, usage.

HTTP only: get, ask, act, show.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from audit.events import Event
from config.gate import gate
from config.keyset import page_links
from config.requests import asks_part
from config.roles import Permission
from orgs.forms.members import ConfirmForm
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import environments as environment_actions
from projects.actions import prebuilds as prebuild_actions
from projects.actions import project_providers as provider_actions
from projects.actions import secrets as secret_actions
from projects.charts import usage_chart
from projects.doors import ProjectRequest, project_at
from projects.forms.choosing import ChooseForm
from projects.forms.prebuilds import PrebuildsForm
from projects.forms.projects import search_of
from projects.forms.secrets import SecretForm, SecretValueForm
from projects.models import Secret
from projects.prebuilds import Prebuilds
from projects.queries import environments, usage
from projects.queries import secrets as secret_queries
from projects.queries.executions import lines_of
from projects.queries.projects import project_head
from projects.queries.providers import providers_to_choose


@gate(
    Permission.PROJECTS_CONFIGURE_ENVIRONMENTS,
    records=Event.PROJECT_ENVIRONMENTS_CHANGED,
    on=project_at,
)
def project_choose_environments(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    project = request.target
    form = ChooseForm(
        posted(request),
        offered=list(environments.environment_classes(request.org.id)),
        chosen=[each.pk for each in environments.chosen_by(project)],
        noun="class",
    )
    if form.is_valid():
        chosen = form.cleaned_data["chosen"]
        try:
            environment_actions.project_choose_environments(
                project=project, chosen=chosen, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            what = _count(len(chosen), "environment class", "environment classes")
            text = f"{project.name} may run on {what}"
            return elsewhere(request, text, to=_settings_of(request, "environments"))
    context = _dialog(request) | {
        "may_define": request.access.can(Permission.RUNNERS_MANAGE_ENVIRONMENT_CLASSES),
        "sees_runners": request.access.can(Permission.RUNNERS_VIEW_ALL),
    }
    return show(request, "projects/project_choose_environments.html", form, context)


@gate(Permission.PROJECTS_CHANGE, records=Event.PROJECT_PROVIDERS_CHANGED, on=project_at)
def project_choose_providers(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    project = request.target
    offered = providers_to_choose(project)
    form = ChooseForm(
        posted(request),
        offered=[each for each, _ in offered],
        chosen=[each.pk for each, chosen in offered if chosen],
        noun="provider",
    )
    if form.is_valid():
        try:
            chosen = provider_actions.project_choose_providers(
                project=project, chosen=form.cleaned_data["chosen"], actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            what = _count(len(chosen), "model provider", "model providers")
            text = f"{project.name} asks {what if chosen else 'every provider in use'}"
            return elsewhere(request, text, to=_settings_of(request, "providers"))
    may = {"may_configure": request.access.can(Permission.ORG_CONFIGURE_PROVIDERS)}
    return show(request, "projects/project_choose_providers.html", form, _dialog(request) | may)


@gate(Permission.PROJECTS_MANAGE_PREBUILDS, records=Event.PROJECT_PREBUILDS_CHANGED, on=project_at)
def project_change_prebuilds(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    project = request.target
    prebuilds = Prebuilds.read(project.prebuilds)
    form = PrebuildsForm(posted(request), initial=PrebuildsForm.initial_of(prebuilds))
    if form.is_valid():
        wanted = Prebuilds(**form.cleaned_data)
        try:
            prebuild_actions.project_change_prebuilds(
                project=project, prebuilds=wanted, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"Prebuilds of {project.name}: {wanted.summary}"
            return elsewhere(request, text, to=_settings_of(request, "prebuilds"))
    return show(
        request,
        "projects/project_change_prebuilds.html",
        form,
        _dialog(request) | {"prebuilds": prebuilds},
    )


@gate(Permission.PROJECTS_VIEW_USAGE, on=project_at)
def project_usage(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    project = request.target
    counted = usage.project_usage(project)
    context = {
        "head": project_head(request.access, project),
        "usage": counted,
        "chart": usage_chart(counted),
        "latest": lines_of(usage.latest_executions(project)),
        "sees_calls": request.access.can(Permission.BILLING_VIEW_USAGE),
    }
    return render(request, "projects/project_usage.html", context)


@gate(Permission.PROJECTS_MANAGE_SECRETS, on=project_at)
def secret_list(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    search = search_of(request.GET)
    page = secret_queries.secret_list(
        project=request.target, search=search, cursor=request.GET.get("page")
    )
    context: dict[str, Any] = {"page": page, **page_links(request, page), "q": search}
    context["project"] = request.target
    if asks_part(request):
        return render(request, "projects/secret_list.html#secret-list", context)
    context["head"] = project_head(request.access, request.target, current="project_settings")
    return render(request, "projects/secret_list.html", context)


@gate(Permission.PROJECTS_MANAGE_SECRETS, records=Event.SECRET_CREATED, on=project_at)
@sensitive_post_parameters("value")
def secret_create(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    form = SecretForm(posted(request))
    if form.is_valid():
        try:
            secret = secret_actions.secret_create(
                project=request.target, **form.cleaned_data, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            return elsewhere(request, f"{secret.name} is kept", to=_secrets_of(request))
    return show(request, "projects/secret_create.html", form, _dialog(request))


@gate(Permission.PROJECTS_MANAGE_SECRETS, records=Event.SECRET_CHANGED, on=project_at)
@sensitive_post_parameters("value")
def secret_change(request: ProjectRequest, slug: str, pk: UUID, secret: UUID) -> HttpResponse:
    found = _secret(request, secret)
    form = SecretValueForm(posted(request), key=str(found.pk))
    if form.is_valid():
        secret_actions.secret_change(
            secret=found, value=form.cleaned_data["value"], actor=request.access
        )
        return elsewhere(request, f"{found.name} has a new value", to=_secrets_of(request))
    return show(request, "projects/secret_change.html", form, _dialog(request) | {"secret": found})


@gate(Permission.PROJECTS_MANAGE_SECRETS, records=Event.SECRET_DELETED, on=project_at)
def secret_delete(request: ProjectRequest, slug: str, pk: UUID, secret: UUID) -> HttpResponse:
    found = _secret(request, secret)
    form = ConfirmForm(posted(request), name=found.name)
    if form.is_valid():
        secret_actions.secret_delete(secret=found, actor=request.access)
        return elsewhere(request, f"{found.name} is deleted", to=_secrets_of(request))
    return show(request, "projects/secret_delete.html", form, _dialog(request) | {"secret": found})


def _secret(request: ProjectRequest, pk: UUID) -> Secret:
    secrets = Secret.objects.in_org(request.org.id).filter(project=request.target)
    return get_object_or_404(secrets.defer("ciphertext").select_related("changed_by"), pk=pk)


def _dialog(request: ProjectRequest) -> dict[str, Any]:
    """What every form here shows around itself, and where Cancel leads."""
    return {
        "project": request.target,
        "settings_url": _settings_of(request, ""),
        "secrets_url": _secrets_of(request),
    }


def _settings_of(request: ProjectRequest, section: str) -> str:
    """The settings, which have a card for each part; for who may not open them, the project."""
    may_open = request.access.can(Permission.PROJECTS_CHANGE, request.target)
    route = "project_settings" if may_open else "project_view"
    address = reverse(route, args=[request.org.slug, request.target.pk])
    return f"{address}#{section}" if may_open and section else address


def _secrets_of(request: ProjectRequest) -> str:
    return reverse("secret_list", args=[request.org.slug, request.target.pk])


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
