"""Keys of programs: the lists, one's page, changing and revoking it.

HTTP only: get, ask, act, show. Making one is in `key_making.py`, another secret or holder in
`key_rotation.py`.
"""

from __future__ import annotations

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
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import keys as actions
from projects.doors import (
    KeyRequest,
    ProjectRequest,
    changing_key,
    key_at,
    managed_key_at,
    project_at,
    seeing_key,
)
from projects.forms.keys import KeyFilter, KeyForm, RevokeForm, may_of
from projects.queries import key_page
from projects.queries import keys as queries
from projects.queries.projects import project_head


@gate(Permission.KEYS_CREATE)
def key_list(request: OrgRequest, slug: str) -> HttpResponse:
    access, asked = request.access, KeyFilter.read(request.GET)
    page = queries.key_list(access, asked)
    context = {
        "asked": asked,
        "rows": key_page.rows(access, page.rows, asked, open_key=request.GET.get("open", "")),
        **page_links(request, page),
        "may": {"see_usage": access.can(Permission.KEYS_SET_POLICIES)},
    }
    if asks_part(request):
        return render(request, "projects/key_list.html#list", context)
    context["links"] = key_page.filter_links(access, asked)
    return render(request, "projects/key_list.html", context)


@gate(Permission.PROJECTS_VIEW, on=project_at)
def project_keys(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    access, project, asked = request.access, request.target, KeyFilter.read(request.GET)
    page = queries.project_keys(access, project, asked)
    context: dict[str, Any] = {
        "asked": asked,
        "project": project,
        "rows": key_page.rows(access, page.rows, asked, open_key=request.GET.get("open", "")),
        **page_links(request, page),
        "sees_all": queries.sees_keys_of(access, project),
        "may": key_page.may_make(access, project),
    }
    if asks_part(request):
        return render(request, "projects/project_keys.html#list", context)
    context |= {
        "head": project_head(access, project),
        "links": key_page.state_links(asked),
    }
    return render(request, "projects/project_keys.html", context)


@gate(seeing_key, on=key_at)
def key_view(request: KeyRequest, slug: str, pk: UUID) -> HttpResponse:
    context = key_page.key_facts(request.access, request.target)
    return render(request, "projects/key.html", context)


@gate(changing_key, records=Event.KEY_CHANGED, on=managed_key_at)
def key_change(request: KeyRequest, slug: str, pk: UUID) -> HttpResponse:
    key, access = request.target, request.access
    form = KeyForm(
        posted(request),
        initial={
            "name": key.name,
            "may": may_of(key),
            "expires_at": key.expires_at,
            "cost_centre": key.cost_centre_id,
        },
        **key_page.form_facts(access, key.project, key=key),
    )
    if form.is_valid():
        try:
            changed = actions.key_change(key=key, **form.said(), actor=access)
        except ValidationError as error:
            refuse(form, error)
        else:
            return elsewhere(request, f"{changed.name} is changed", to=_page_of(request))
    return show(request, "projects/key_change.html", form, _around(request))


@gate(changing_key, records=Event.KEY_REVOKED, on=managed_key_at)
def key_revoke(request: KeyRequest, slug: str, pk: UUID) -> HttpResponse:
    key = request.target
    form = RevokeForm(posted(request))
    if form.is_valid():
        try:
            actions.key_revoke(key=key, reason=form.cleaned_data["reason"], actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            text = f"{key.name} is revoked. It works nowhere any more"
            return elsewhere(request, text, to=_page_of(request))
    context = _around(request) | {"secrets": key_page.secrets_of(key)}
    return show(request, "projects/key_revoke.html", form, context)


def _around(request: KeyRequest) -> dict[str, Any]:
    """What the dialogs about a key show around their form."""
    return {"key": request.target, "back": _page_of(request)}


def _page_of(request: KeyRequest) -> str:
    return reverse("key_view", args=[request.org.slug, request.target.pk])
