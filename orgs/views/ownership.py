"""Offering ownership and taking it up. HTTP only: get, ask, act, show."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse

from audit.events import Event
from config.gate import gate
from config.roles import Permission


@gate(Permission.ORG_TRANSFER_OWNERSHIP, records=Event.OWNERSHIP_OFFERED, fresh=True)
def ownership_offer(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.ORG_VIEW, records=Event.OWNERSHIP_ACCEPTED)
def ownership_accept(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.ORG_VIEW, records=Event.OWNERSHIP_DECLINED)
def ownership_decline(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404


@gate(Permission.ORG_TRANSFER_OWNERSHIP, records=Event.OWNERSHIP_WITHDRAWN)
def ownership_withdraw(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    raise Http404
