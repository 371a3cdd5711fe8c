"""Where a member and an End User arrive. HTTP only: get, ask, act, show."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from config.gate import gate
from config.roles import Permission


@gate(Permission.ORG_VIEW_DASHBOARD)
def dashboard(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.HUB_ACCESS)
def hub(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404
