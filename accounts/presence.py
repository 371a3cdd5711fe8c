"""When a session was last seen, written at most every ten minutes rather than on every request."""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponseBase

EVERY = 600
SEEN = "seen"


class PresenceMiddleware:
    """Keeps the session list's address, device and time up to date."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        now = int(time.time())
        if SESSION_KEY in request.session and now - request.session.get(SEEN, 0) > EVERY:
            request.session[SEEN] = now
            if request.user.is_authenticated:
                UserSession.objects.create_from_request(request)
        return self.get_response(request)
