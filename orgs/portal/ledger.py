"""The platform's own ledger: what superadmins did, and who came in. Read only."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.models import PLATFORM
from audit.queries import EventFilter, event_list
from config.gate import gate
from config.roles import Permission
from orgs.portal.deeds import PortalRequest


@gate(Permission.PLATFORM_VIEW_AUDIT_LOG)
@require_safe
def platform_log(request: PortalRequest) -> HttpResponse:
    page = event_list(organization=PLATFORM, filters=EventFilter(), cursor=request.GET.get("at"))
    template = "admin/log.html#log" if request.htmx else "admin/log.html"
    context = admin.site.each_context(request) | {
        "entries": page.rows,
        "newer": f"?at={page.newer}" if page.newer else None,
        "older": f"?at={page.older}" if page.older else None,
    }
    return render(request, template, context)
