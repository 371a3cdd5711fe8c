"""The organization's model providers. HTTP only: get, ask, act, show."""

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
from config.roles import Permission
from orgs.forms.members import ConfirmForm
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import providers as actions
from projects.forms.integrations import ModelProviderForm
from projects.models import ModelProvider
from projects.queries import providers as queries

TYPED = ("name", "provider", "url", "serves", "is_enabled")


@gate(Permission.ORG_CONFIGURE_PROVIDERS)
def provider_list(request: OrgRequest, slug: str) -> HttpResponse:
    page = queries.provider_list(request.org.id, cursor=request.GET.get("page"))
    context = {"page": page, **page_links(request, page)}
    return render(request, "projects/provider_list.html", context)


@gate(Permission.ORG_CONFIGURE_PROVIDERS, records=Event.MODEL_PROVIDER_CREATED, fresh=True)
@sensitive_post_parameters("token")
def provider_create(request: OrgRequest, slug: str) -> HttpResponse:
    form = ModelProviderForm(posted(request))
    if form.is_valid():
        try:
            made = actions.provider_create(**_said(form), actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            return _to_list(request, f"{made.name} is set up")
    return show(request, "projects/provider_form.html", form, {"provider": None})


@gate(Permission.ORG_CONFIGURE_PROVIDERS, records=Event.MODEL_PROVIDER_CHANGED, fresh=True)
@sensitive_post_parameters("token")
def provider_change(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _provider(request, pk)
    initial = {name: getattr(found, name) for name in TYPED}
    form = ModelProviderForm(posted(request), found=found, initial=initial)
    if form.is_valid():
        try:
            changed = actions.provider_change(provider=found, **_said(form), actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            return _to_list(request, f"{changed.name} is changed")
    return show(request, "projects/provider_form.html", form, {"provider": found})


@gate(Permission.ORG_CONFIGURE_PROVIDERS, records=Event.MODEL_PROVIDER_DELETED, fresh=True)
def provider_delete(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _provider(request, pk)
    form = ConfirmForm(posted(request), name=found.name)
    if form.is_valid():
        actions.provider_delete(provider=found, actor=request.access)
        return _to_list(request, f"{found.name} is removed")
    return show(request, "projects/provider_delete.html", form, {"provider": found})


def _said(form: ModelProviderForm) -> dict[str, Any]:
    """What the form holds: the token apart, since it goes its own way."""
    said = {name: form.cleaned_data[name] for name in TYPED}
    return {"token": form.cleaned_data["token"], "said": said}


def _provider(request: OrgRequest, pk: UUID) -> ModelProvider:
    return get_object_or_404(ModelProvider.objects.in_org(request.org.id), pk=pk)


def _to_list(request: OrgRequest, text: str) -> HttpResponse:
    return elsewhere(request, text, to=reverse("provider_list", args=[request.org.slug]))
