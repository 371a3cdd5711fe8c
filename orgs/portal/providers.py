"""The platform's own accounts at model providers. No organization sees that there is one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters

from audit.events import Event
from config.gate import gate
from config.keyset import keyset_page, page_links
from config.providers import MODEL_HOSTS
from config.roles import Permission
from orgs.actions import platform_providers as deeds
from orgs.forms.containers import ConfirmForm
from orgs.forms.platform import PlatformProviderForm, TokenForm
from orgs.models import PlatformProvider
from orgs.portal.deeds import Deed, PortalRequest, answer, done, posted, refused

CONFIGURE = Permission.PLATFORM_CONFIGURE_PROVIDERS
SAID = ("name", "provider", "url", "serves", "is_enabled")
LIST = "admin:platform_provider_list"


@gate(CONFIGURE)
def platform_provider_list(request: PortalRequest) -> HttpResponse:
    found = PlatformProvider.objects.defer("ciphertext")
    page = keyset_page(found, order=("name", "id"), cursor=request.GET.get("page"))
    for provider in page.rows:
        provider.label = MODEL_HOSTS[provider.provider].label  # type: ignore[attr-defined]
    context = {"page": page, **page_links(request, page)} | admin.site.each_context(request)
    return render(request, "admin/providers.html", context)


@gate(CONFIGURE, records=Event.PLATFORM_PROVIDER_CREATED, fresh=True)
@sensitive_post_parameters("token")
def platform_provider_create(request: PortalRequest) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = PlatformProviderForm(data, is_new=True)
    if form.is_valid():
        try:
            made = deeds.platform_provider_create(**_said(form), actor=request.access.identity)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return done(request, f"{made.name} is set up.", reverse(LIST))
    return _show(request, form, None)


@gate(CONFIGURE, records=Event.PLATFORM_PROVIDER_CHANGED, fresh=True)
@sensitive_post_parameters("token")
def platform_provider_change(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = _found(pk)
    initial = {name: getattr(found, name) for name in SAID} | {"serves": "\n".join(found.serves)}
    data = request.POST if request.method == "POST" else None
    form = PlatformProviderForm(data, is_new=False, initial=initial)
    if form.is_valid():
        try:
            changed = deeds.platform_provider_change(
                provider=pk, **_said(form), actor=request.access.identity
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return done(request, f"{changed.name} is changed.", reverse(LIST))
    return _show(request, form, found)


@gate(CONFIGURE, records=Event.PLATFORM_PROVIDER_ROTATED, fresh=True)
@sensitive_post_parameters("token")
def platform_provider_rotate(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = _found(pk)
    form = posted(request, TokenForm)
    deed = Deed(
        title=f"Replace the token of {found.name}",
        text="The one that is kept is forgotten at once. Revoke it at the provider as well.",
        button="Replace the token",
        busy="Replacing",
        back=reverse(LIST),
        icon="key",
    )

    def act() -> str:
        deeds.platform_provider_rotate(
            provider=pk, token=form.cleaned_data["token"], actor=request.access.identity
        )
        return f"{found.name} has a new token."

    return answer(request, deed, form, act)


@gate(CONFIGURE, records=Event.PLATFORM_PROVIDER_DELETED, fresh=True)
def platform_provider_delete(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = _found(pk)
    form = posted(request, ConfirmForm, confirm=found.name)
    deed = Deed(
        title=f"Remove {found.name}?",
        text="Its token is forgotten. Models that only it serves are served by nobody.",
        button=f"Remove {found.name}",
        busy="Removing",
        back=reverse(LIST),
        icon="trash",
        danger=True,
        confirm=found.name,
    )

    def act() -> str:
        gone = deeds.platform_provider_delete(provider=pk, actor=request.access.identity)
        return f"{gone.name} is removed."

    return answer(request, deed, form, act)


def _found(pk: UUID) -> PlatformProvider:
    return get_object_or_404(PlatformProvider.objects.defer("ciphertext"), pk=pk)


def _said(form: PlatformProviderForm) -> dict[str, Any]:
    given = form.cleaned_data
    return {"token": given["token"], "said": {name: given[name] for name in SAID}}


def _show(
    request: PortalRequest, form: PlatformProviderForm, provider: PlatformProvider | None
) -> HttpResponse:
    template = "admin/provider_form.html#form" if request.htmx else "admin/provider_form.html"
    context = admin.site.each_context(request) | {"form": form, "provider": provider}
    return refused(render(request, template, context, status=422 if form.is_bound else 200), form)
