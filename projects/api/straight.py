"""The way of the two endpoints that a platform asks on each request of its own.

What is well formed goes to its view without ninja, which costs as much again as the view; whatever
is wrong with a request, ninja says.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from ninja import NinjaAPI
from pydantic import BaseModel, ValidationError

from projects.api.problems import ProblemError

View = Callable[..., HttpResponse]


def straight(api: NinjaAPI, by_ninja: View, view: View, shape: type[BaseModel]) -> View:
    """The same answers as `by_ninja` gives: the same parser, shape, view and exception handlers."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return by_ninja(request)
        try:
            said = shape.model_validate(api.parser.parse_body(request))
        except (ProblemError, ValidationError, RequestDataTooBig, UnreadablePostError):
            return by_ninja(request)
        try:
            return view(request, said)
        except Exception as error:
            return api.on_exception(request, error)

    return answer
