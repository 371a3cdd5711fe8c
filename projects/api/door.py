"""The way into the interface: a short one, without session, cookie, page or person.

`urls` carries the same views through the URLconf, so that every law of the house sees them.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from config.requests import new_request_id
from projects.api import routes
from projects.api.problems import ProblemError, problem

PREFIXES = ("/v1/", "/access/v1/")


class InterfaceMiddleware:
    """Answers the interface's addresses itself; everything else goes on to the console."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        view = routes.WAYS.get(path)
        if view is None and not path.startswith(PREFIXES):
            return self.get_response(request)
        request.id = _asked_id(request) or new_request_id()  # type: ignore[attr-defined]
        response = _answer(request, view)
        response["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response


def _answer(request: HttpRequest, view: Callable[..., HttpResponseBase] | None) -> HttpResponseBase:
    if view is None:
        return problem(ProblemError(404, "not_found", "Nothing is at this address."))
    response = view(request)
    if response.status_code != 405:
        return response
    allowed = response.headers.get("Allow", "")
    detail = f"Send {allowed or 'another method'} to this address."
    return problem(ProblemError(405, "method", detail, headers={"Allow": allowed}))


def _asked_id(request: HttpRequest) -> str:
    """The id that the platform gave its request, if it can be said again as it is."""
    said = request.headers.get("X-Request-ID", "")
    return said if len(said) <= 200 and said.isascii() and said.isprintable() else ""
