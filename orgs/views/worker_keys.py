"""The worker key, as a section of the settings. HTTP only: get, ask, act, show."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.actions import worker_keys as actions
from orgs.models import WorkerKey
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show


@gate(Permission.ORG_MANAGE_SETTINGS, records=Event.WORKER_KEY_CREATED, fresh=True)
def worker_key_create(request: OrgRequest, slug: str) -> HttpResponse:
    act = partial(actions.worker_key_create, actor=request.access)
    return _asked(request, "create", None, act, "The worker key is made. Let its public half in.")


@gate(Permission.ORG_MANAGE_SETTINGS, records=Event.WORKER_KEY_ROTATED, fresh=True)
def worker_key_rotate(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    key = _key(request, pk)
    act = partial(actions.worker_key_rotate, key=key, actor=request.access)
    return _asked(request, "rotate", key, act, "Workers use the new key. The one before works on.")


@gate(Permission.ORG_MANAGE_SETTINGS, records=Event.WORKER_KEY_RETIRED, fresh=True)
def worker_key_retire(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    key = _key(request, pk)
    act = partial(actions.worker_key_retire, key=key, actor=request.access)
    text = "The key is retired; its private half is forgotten."
    return _asked(request, "retire", key, act, text)


def _asked(
    request: OrgRequest, deed: str, key: WorkerKey | None, act: Callable[[], object], text: str
) -> HttpResponse:
    """Ask first; once it is done, back to the section with what is true now."""
    form = forms.Form(posted(request))
    if form.is_valid():
        try:
            act()
        except ValidationError as refusal:
            refuse(form, refusal)
        else:
            to = reverse("organization_settings", args=[request.org.slug]) + "#ssh-key"
            return elsewhere(request, text, to=to)
    return show(request, "orgs/worker_key.html", form, {"deed": deed, "key": key})


def _key(request: OrgRequest, pk: UUID) -> WorkerKey:
    return get_object_or_404(WorkerKey.objects.in_org(request.org.id), pk=pk)
