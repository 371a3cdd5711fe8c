"""The log's pages. HTTP only: get, ask, act, show."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from audit.events import Event
from config.gate import gate
from config.roles import Permission


@gate(Permission.AUDIT_VIEW, records=Event.AUDIT_READ)
def event_list(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.AUDIT_VIEW)
def event_view(request: HttpRequest, slug: str, sequence: int) -> HttpResponse:
    raise Http404


@gate(Permission.AUDIT_VIEW, records=Event.AUDIT_VERIFIED)
def event_verify(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404
