"""A request as it travels through the house: its id, and what the walls and the gate put on it;
and that no answer stays behind in a browser or a proxy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponseBase
from uuid6 import uuid7

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from config.gate import Lock, Refusal


class Request(HttpRequest):
    """What every view gets. Never instantiated: it names what the middleware adds."""

    id: str
    htmx: HtmxDetails
    lock: Lock
    refusal: Refusal | None


class RequestIdMiddleware:
    """Sets `request.id` and answers with it in `X-Request-ID`; no answer is kept by anyone.

    Static files are answered before, and are kept.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.id = uuid7().hex  # type: ignore[attr-defined]
        response = self.get_response(request)
        # The back button after signing out shows nothing, and a shared computer keeps nothing.
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response
