"""An organization's settings, its plan at a glance, and its end. HTTP only: get, ask, act, show."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from audit.events import Event
from config.gate import gate
from config.roles import Permission


@gate(Permission.ORG_ACCESS_SETTINGS)
def organization_settings(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.ORG_MANAGE_SETTINGS, records=Event.ORGANIZATION_CHANGED)
def organization_change(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.ORG_MANAGE_SETTINGS, records=Event.ORGANIZATION_POLICIES_CHANGED)
def organization_change_policies(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.ORG_DELETE, records=Event.ORGANIZATION_CLOSED, fresh=True)
def organization_close(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.ORG_DELETE, records=Event.ORGANIZATION_RESTORED, while_closed=True)
def organization_restore(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.ORG_VIEW)
def billing_overview(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404
