"""Organizations from outside: arriving, switching, founding, answering an invitation.

HTTP only: get, ask, act, show.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from audit.events import Event
from config.gate import public, signed_in


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    raise Http404


@signed_in
def organization_list(request: HttpRequest) -> HttpResponse:
    raise Http404


@signed_in(records=Event.ORGANIZATION_CREATED)
def organization_create(request: HttpRequest) -> HttpResponse:
    raise Http404


@signed_in
def shortcut(request: HttpRequest, page: str) -> HttpResponse:
    raise Http404


@public
def invitation_view(request: HttpRequest, token: str) -> HttpResponse:
    raise Http404


@signed_in(records=Event.INVITATION_ACCEPTED)
@require_POST
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    raise Http404


@signed_in(records=Event.INVITATION_DECLINED)
@require_POST
def invitation_decline(request: HttpRequest, token: str) -> HttpResponse:
    raise Http404
