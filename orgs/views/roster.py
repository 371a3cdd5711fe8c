"""Import and export of a roster. HTTP only: get, ask, act, show."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from audit.events import Event
from config.gate import gate
from config.roles import Permission


@gate(Permission.MEMBERS_CHANGE_ROLE, records=Event.ROSTER_IMPORTED)
def roster_import(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.MEMBERS_VIEW, records=Event.ROSTER_EXPORTED)
def roster_export(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404
