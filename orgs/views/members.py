"""The team page and deeds on members. HTTP only: get, ask, act, show."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from audit.events import Event
from config.gate import gate
from config.roles import Permission


@gate(Permission.MEMBERS_VIEW)
def member_list(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.MEMBERS_VIEW)
def member_view(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.MEMBERS_CHANGE_ROLE, records=Event.MEMBER_ROLE_CHANGED)
def member_change_role(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.MEMBERS_REMOVE, records=Event.MEMBER_REMOVED)
def member_remove(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.ORG_VIEW, records=Event.MEMBER_LEFT)
def member_leave(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.MEMBERS_CHANGE_ROLE, records=Event.MEMBER_ROLE_CHANGED)
def member_bulk_change_role(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.MEMBERS_REMOVE, records=Event.MEMBER_REMOVED)
def member_bulk_remove(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.ORG_VIEW)
def access_state(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404
