"""When a session was last seen, written at most every ten minutes rather than on every request.

What is remembered on the way stops nobody who reads: where the database can save nothing, it is
left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions import middleware
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from config.database import trouble_of

EVERY = 600
SEEN = "seen"


class PresenceMiddleware:
    """Keeps the session list's address, device and time up to date."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        now = int(time.time())
        if SESSION_KEY in request.session and now - request.session.get(SEEN, 0) > EVERY:
            _remember(request, now)
        return self.get_response(request)


def _remember(request: HttpRequest, now: int) -> None:
    try:
        if request.user.is_authenticated:
            UserSession.objects.create_from_request(request)
    except DatabaseError as error:
        if trouble_of(error) is None:
            raise
        return
    request.session[SEEN] = now


class SessionMiddleware(middleware.SessionMiddleware):
    """What a deed did is committed, and what a page shows was read, before its session is saved."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except (DatabaseError, SessionInterrupted) as error:
            if trouble_of(error) is None:
                raise
            return response
