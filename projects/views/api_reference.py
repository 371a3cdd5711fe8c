"""The reference of the interface, made of its OpenAPI document. HTTP only."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from config.gate import public
from projects.api import routes, shown
from projects.keys import SCOPES


@cache
def _chapters() -> list[shown.Chapter]:
    return shown.chapters(routes.document())


@public
@require_safe
def api_reference(request: HttpRequest) -> HttpResponse:
    context = {"chapters": _chapters(), "base": settings.PUBLIC_URL, "scopes": SCOPES}
    return render(request, "projects/api_reference.html", context)
