"""Inviting, and what became of it. HTTP only: get, ask, act, show."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from audit.events import Event
from config.gate import gate
from config.roles import Permission


@gate(Permission.MEMBERS_INVITE)
def invitation_list(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.MEMBERS_INVITE, records=Event.INVITATION_SENT)
def invitation_create(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.MEMBERS_INVITE, records=Event.INVITATION_CHANGED)
def invitation_change(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.MEMBERS_INVITE, records=Event.INVITATION_RESENT)
def invitation_resend(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.MEMBERS_INVITE, records=Event.INVITATION_REVOKED)
def invitation_revoke(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404
