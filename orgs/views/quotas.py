"""Quotas of the organization. HTTP only: get, ask, act, show."""

from __future__ import annotations

import json

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.actions import quotas as actions
from orgs.forms.quotas import QuotasForm
from orgs.queries.quotas import quota_list
from orgs.tenancy import OrgRequest


@gate(Permission.ORG_MANAGE_SETTINGS, records=Event.QUOTA_CHANGED)
def quota_change(request: OrgRequest, slug: str) -> HttpResponse:
    uses = quota_list()
    stored = {use.kind.value: use.most for use in uses if use.most is not None}
    now = json.dumps(stored, sort_keys=True)
    typed = request.POST.copy() if request.method == "POST" else None
    form = QuotasForm(typed, initial={**stored, "seen": now})
    code = "invalid"
    if typed is not None and form.is_valid():
        try:
            actions.quota_change(
                quotas=form.quotas, seen=form.cleaned_data["seen"], actor=request.access
            )
        except ValidationError as refusal:
            code = refusal.code or "refused"
            form.add_error(None, refusal)
            typed["seen"] = now
        else:
            messages.success(request, "The quotas are saved and hold from now on")
            return redirect("quota_change", slug)
    lines = [(use, form[use.kind.value]) for use in uses]
    status = {"stale": 409}.get(code, 422) if form.is_bound else 200
    context = {"form": form, "lines": lines}
    response = render(request, "orgs/quota_change.html", context, status=status)
    response.reason_code = code  # type: ignore[attr-defined]
    return response
