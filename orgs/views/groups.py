"""Groups and who is in them. HTTP only: get, ask, act, show."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from audit.events import Event
from config.gate import gate
from config.roles import Permission


@gate(Permission.GROUPS_VIEW)
def group_list(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.GROUPS_CREATE, records=Event.GROUP_CREATED)
def group_create(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.GROUPS_VIEW)
def group_view(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.GROUPS_CHANGE, records=Event.GROUP_CHANGED)
def group_change(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.GROUPS_DELETE, records=Event.GROUP_DELETED)
def group_delete(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.GROUPS_MANAGE_MEMBERS, records=Event.GROUP_MEMBER_ADDED)
def group_member_add(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.GROUPS_MANAGE_MEMBERS, records=Event.GROUP_MEMBER_CHANGED)
def group_member_change(request: HttpRequest, slug: str, pk: UUID, seat: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.GROUPS_MANAGE_MEMBERS, records=Event.GROUP_MEMBER_REMOVED)
def group_member_remove(request: HttpRequest, slug: str, pk: UUID, seat: UUID) -> HttpResponse:
    raise Http404
