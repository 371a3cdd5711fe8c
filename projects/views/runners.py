"""Runners and automations of the organization, environment classes and integrations.

HTTP only: get, ask, act, show. What they logged and ran is in `executions.py`.
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
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import environments as environment_actions
from projects.actions import integrations as integration_actions
from projects.forms.environments import EnvironmentClassForm
from projects.forms.integrations import IntegrationForm
from projects.forms.projects import search_of
from projects.models import EnvironmentClass, Integration, Resource
from projects.providers import PROVIDERS
from projects.queries import environments
from projects.queries import runners as queries
from projects.queries.rooms import automation_tabs, runner_tabs
from projects.views.resources import resource_create_page


@gate(Permission.ORG_VIEW_DASHBOARD)
def runner_list(request: OrgRequest, slug: str) -> HttpResponse:
    may = {
        "create": request.access.can(Permission.RUNNERS_CREATE),
        "share": request.access.can(Permission.RUNNERS_SHARE),
        "view_all": request.access.can(Permission.RUNNERS_VIEW_ALL),
    }
    context = {"may": may, "tabs": runner_tabs(request.access)}
    return _room(request, Resource.Kind.RUNNER, "projects/runner_list.html", context)


@gate(Permission.RUNNERS_CREATE, records=Event.RESOURCE_CREATED)
def runner_create(request: OrgRequest, slug: str) -> HttpResponse:
    return resource_create_page(request, Resource.Kind.RUNNER, None)


@gate(Permission.ORG_VIEW_DASHBOARD)
def automation_list(request: OrgRequest, slug: str) -> HttpResponse:
    may = {
        "create": request.access.can(Permission.AUTOMATIONS_CREATE),
        "share": request.access.can(Permission.AUTOMATIONS_SHARE),
        "view_all": request.access.can(Permission.AUTOMATIONS_VIEW_ALL),
    }
    context = {"may": may, "tabs": automation_tabs(request.access)}
    return _room(request, Resource.Kind.AUTOMATION, "projects/automation_list.html", context)


@gate(Permission.AUTOMATIONS_CREATE, records=Event.RESOURCE_CREATED)
def automation_create(request: OrgRequest, slug: str) -> HttpResponse:
    return resource_create_page(request, Resource.Kind.AUTOMATION, None)


@gate(Permission.RUNNERS_MANAGE_ENVIRONMENT_CLASSES)
def environment_class_list(request: OrgRequest, slug: str) -> HttpResponse:
    context = {
        "classes": environments.environment_class_list(request.org.id),
        "tabs": runner_tabs(request.access),
    }
    return render(request, "projects/environment_class_list.html", context)


@gate(Permission.RUNNERS_MANAGE_ENVIRONMENT_CLASSES, records=Event.ENVIRONMENT_CLASS_CREATED)
def environment_class_create(request: OrgRequest, slug: str) -> HttpResponse:
    form = EnvironmentClassForm(
        posted(request), runners=environments.runner_choices(request.access)
    )
    if form.is_valid():
        try:
            made = environment_actions.environment_class_create(
                **form.cleaned_data, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            return _to_list(request, "environment_class_list", f"{made.name} may be chosen now")
    return show(request, "projects/environment_class_form.html", form, {"environment_class": None})


@gate(Permission.RUNNERS_MANAGE_ENVIRONMENT_CLASSES, records=Event.ENVIRONMENT_CLASS_CHANGED)
def environment_class_change(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _environment_class(request, pk)
    names = ("name", "description", "runner", "cpus", "memory", "disk")
    form = EnvironmentClassForm(
        posted(request),
        runners=environments.runner_choices(request.access),
        initial={name: getattr(found, name) for name in names},
    )
    if form.is_valid():
        try:
            changed = environment_actions.environment_class_change(
                environment_class=found, **form.cleaned_data, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            return _to_list(request, "environment_class_list", f"{changed.name} is changed")
    context = {"environment_class": found, "projects": environments.projects_on(found)}
    return show(request, "projects/environment_class_form.html", form, context)


@gate(Permission.RUNNERS_MANAGE_ENVIRONMENT_CLASSES, records=Event.ENVIRONMENT_CLASS_DELETED)
def environment_class_delete(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _environment_class(request, pk)
    form = ConfirmForm(posted(request), name=found.name)
    if form.is_valid():
        environment_actions.environment_class_delete(environment_class=found, actor=request.access)
        return _to_list(request, "environment_class_list", f"{found.name} is deleted")
    context = {"environment_class": found, "projects": environments.projects_on(found)}
    return show(request, "projects/environment_class_delete.html", form, context)


@gate(Permission.RUNNERS_MANAGE_INTEGRATIONS)
def integration_list(request: OrgRequest, slug: str) -> HttpResponse:
    asked = request.GET.get("kind", "")
    kind = asked if asked in Integration.Kind.values else ""
    page = queries.integration_list(request.org.id, kind=kind, cursor=request.GET.get("page"))
    context = {
        "page": page,
        **page_links(request, page),
        "kind": kind,
        "kinds": Integration.Kind.choices,
        "tabs": runner_tabs(request.access),
    }
    return render(request, "projects/integration_list.html", context)


@gate(Permission.RUNNERS_MANAGE_INTEGRATIONS, records=Event.INTEGRATION_CREATED)
@sensitive_post_parameters("token")
def integration_create(request: OrgRequest, slug: str) -> HttpResponse:
    form = IntegrationForm(posted(request), runners=environments.runner_choices(request.access))
    if form.is_valid():
        try:
            made = integration_actions.integration_create(**form.cleaned_data, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            return _to_list(request, "integration_list", f"{made.name} is connected")
    return show(request, "projects/integration_form.html", form, {"integration": None})


@gate(Permission.RUNNERS_MANAGE_INTEGRATIONS, records=Event.INTEGRATION_CHANGED)
@sensitive_post_parameters("token")
def integration_change(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _integration(request, pk)
    form = IntegrationForm(
        posted(request),
        runners=environments.runner_choices(request.access),
        integration=found,
        initial={name: getattr(found, name) for name in ("name", "provider", "url", "runner")},
    )
    if form.is_valid():
        try:
            changed = integration_actions.integration_change(
                integration=found, **form.cleaned_data, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            return _to_list(request, "integration_list", f"{changed.name} is changed")
    return show(request, "projects/integration_form.html", form, {"integration": found})


@gate(Permission.RUNNERS_MANAGE_INTEGRATIONS, records=Event.INTEGRATION_DELETED)
def integration_delete(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _integration(request, pk)
    form = ConfirmForm(posted(request), name=found.name)
    if form.is_valid():
        integration_actions.integration_delete(integration=found, actor=request.access)
        return _to_list(request, "integration_list", f"{found.name} is disconnected")
    context = {"integration": found, "provider": PROVIDERS.get(found.provider)}
    return show(request, "projects/integration_delete.html", form, context)


def _room(request: OrgRequest, kind: str, template: str, context: dict[str, Any]) -> HttpResponse:
    """The list of runners or of automations; its partial for htmx."""
    search = search_of(request.GET)
    page, rows = queries.room_list(
        access=request.access, kind=kind, search=search, cursor=request.GET.get("page")
    )
    context |= {"rows": rows, **page_links(request, page), "q": search}
    if asks_part(request):
        return render(request, f"{template}#room", context)
    return render(request, template, context)


def _environment_class(request: OrgRequest, pk: UUID) -> EnvironmentClass:
    classes = EnvironmentClass.objects.in_org(request.org.id).select_related("runner")
    return get_object_or_404(classes, pk=pk)


def _integration(request: OrgRequest, pk: UUID) -> Integration:
    rows = Integration.objects.in_org(request.org.id).select_related("runner")
    return get_object_or_404(rows, pk=pk)


def _to_list(request: OrgRequest, route: str, text: str) -> HttpResponse:
    return elsewhere(request, text, to=reverse(route, args=[request.org.slug]))
