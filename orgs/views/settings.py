"""An organization's settings, its plan at a glance, and its end. HTTP only: get, ask, act, show."""

from __future__ import annotations

import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from audit.events import Event
from config.gate import gate, reason_code
from config.roles import DEFAULT_POLICIES, Permission, Policy, Preset
from orgs.actions import organizations as actions
from orgs.forms.organizations import (
    CloseForm,
    NameForm,
    PoliciesForm,
    drafted_policies,
    plain_policies,
)
from orgs.keys import active_keys, counted_keys
from orgs.queries.dashboard import pending_invitations
from orgs.queries.organizations import owner_names, people_by_role
from orgs.queries.policies import preset_of, turns
from orgs.queries.worker_keys import worker_keys
from orgs.tenancy import OrgRequest


@gate(Permission.ORG_ACCESS_SETTINGS)
@require_safe
def organization_settings(request: OrgRequest, slug: str) -> HttpResponse:
    return _settings(request)


@gate(Permission.ORG_MANAGE_SETTINGS, records=Event.ORGANIZATION_CHANGED)
def organization_change(request: OrgRequest, slug: str) -> HttpResponse:
    if request.method != "POST":
        return redirect("organization_settings", slug)
    form = NameForm(request.POST)
    if not form.is_valid():
        return _settings(request, name_form=form, refused="name", status=422)
    changed = actions.organization_change(
        organization=request.org.id, name=form.cleaned_data["name"], actor=request.access
    )
    messages.success(request, f"The organization is called {changed.name}")
    return redirect("organization_settings", slug)


@gate(Permission.ORG_MANAGE_SETTINGS, records=Event.ORGANIZATION_POLICIES_CHANGED)
def organization_change_policies(request: OrgRequest, slug: str) -> HttpResponse:
    """A GET shows what a choice would change; a POST saves it."""
    if request.method != "POST":
        return _preview(request)
    form = PoliciesForm(request.POST)
    if not form.is_valid():
        return _settings(request, policies_form=form, refused="policies", status=422)
    said = form.cleaned_data
    if "look" in request.POST:
        return _settings(request, draft=said["policies"], seen=plain_policies(said["seen"]))
    try:
        actions.organization_change_policies(
            organization=request.org.id, actor=request.access, **said
        )
    except ValidationError as refusal:
        return _somebody_was_first(request, form, refusal)
    messages.success(request, "The policies are saved and hold from now on")
    return redirect("organization_settings", slug)


def _preview(request: OrgRequest) -> HttpResponse:
    """What a choice would change. What was seen first stays, so that saving notices others."""
    draft = drafted_policies(request.GET, request.org.policies)
    seen: dict[str, Any] = {"seen": request.GET["seen"]} if "seen" in request.GET else {}
    if request.htmx:
        context = _policies(request, draft, request.org.policies) | seen
        return render(request, "orgs/settings.html#policies", context)
    return _settings(request, draft=draft, **seen)


def _somebody_was_first(
    request: OrgRequest, form: PoliciesForm, refusal: ValidationError
) -> HttpResponse:
    """The choice stays as it was made, beside what changed meanwhile; saving again is informed."""
    current = (refusal.params or {})["current"]
    return _settings(
        request,
        draft=form.cleaned_data["policies"],
        stored=current,
        meanwhile=turns(form.cleaned_data["seen"], current),
        refused=refusal.code,
        status=409,
    )


@gate(Permission.ORG_DELETE, records=Event.ORGANIZATION_CLOSED, fresh=True)
def organization_close(request: OrgRequest, slug: str) -> HttpResponse:
    form = CloseForm(request.POST if request.method == "POST" else None, name=request.org.name)
    if not form.is_valid():
        return _before_closing(request, form)
    reason = form.cleaned_data["reason"]
    try:
        actions.organization_close(organization=request.org.id, reason=reason, actor=request.access)
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return _before_closing(request, form)
    return redirect("dashboard", slug)


def _before_closing(request: OrgRequest, form: CloseForm) -> HttpResponse:
    """What will be lost and when, in people, groups and days."""
    org = request.org
    context = {
        "form": form,
        "days": settings.CLOSING_DAYS,
        "until": timezone.now() + datetime.timedelta(days=settings.CLOSING_DAYS),
        "others": org.member_count - 1,
        "invitations": pending_invitations(org.id),
        "keys": counted_keys(active_keys(org.id)),
    }
    status = 422 if form.is_bound else 200
    response = render(request, "orgs/organization_close.html", context, status=status)
    response.reason_code = reason_code(form)  # type: ignore[attr-defined]
    return response


@gate(Permission.ORG_DELETE, records=Event.ORGANIZATION_RESTORED, while_closed=True)
@require_POST
def organization_restore(request: OrgRequest, slug: str) -> HttpResponse:
    try:
        actions.organization_restore(organization=request.org.id, actor=request.access)
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    else:
        messages.success(request, f"{request.org.name} is open again, with everything in it")
    return redirect("dashboard", slug)


def _settings(
    request: OrgRequest,
    *,
    draft: frozenset[Policy] | None = None,
    stored: frozenset[Policy] | None = None,
    name_form: NameForm | None = None,
    refused: str | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """The page with the sections that this person's permissions open."""
    access, org = request.access, request.org
    may = {
        "change": access.can(Permission.ORG_MANAGE_SETTINGS),
        "keys": access.can(Permission.KEYS_CREATE),
        "limit": access.can(Permission.KEYS_SET_POLICIES),
        "ssh": access.can(Permission.ORG_VIEW_SSH_KEY),
        "delete": access.can(Permission.ORG_DELETE),
    }
    context = {
        "may": may,
        "name_form": name_form or NameForm(initial={"name": org.name}),
        "worker_keys": worker_keys(org.id) if may["ssh"] else [],
        "days": settings.CLOSING_DAYS,
        "owners": [] if may["change"] else owner_names(org.id),
    }
    if may["change"]:
        stored = org.policies if stored is None else stored
        context |= _policies(request, stored if draft is None else draft, stored)
    response = render(request, "orgs/settings.html", context | more, status=status)
    if refused:
        response.reason_code = refused  # type: ignore[attr-defined]
    return response


def _policies(
    request: OrgRequest, draft: frozenset[Policy], stored: frozenset[Policy]
) -> dict[str, Any]:
    """The switches as drafted, the four ready choices, and what saving would change."""
    changes = turns(stored, draft, people=people_by_role(request.org.id)) if draft != stored else []
    changed = {turn.policy for turn in changes}
    return {
        "switches": [
            {
                "policy": policy,
                "on": policy in draft,
                "changed": policy in changed,
                "by_default": policy in DEFAULT_POLICIES,
            }
            for policy in Policy
        ],
        "presets": list(Preset),
        "preset": preset_of(draft),
        "turns": changes,
        "seen": plain_policies(stored),
    }
